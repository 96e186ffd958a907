#!/bin/sh
# Print the path of a Python 3.13 interpreter, or say in one sentence how to get one.
works() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1; }

for candidate in python3.13 python3 python; do
    works "$candidate" && command -v "$candidate" && exit 0
done
if command -v uv >/dev/null 2>&1; then
    candidate=$(uv python find --no-python-downloads 3.13 2>/dev/null) && works "$candidate" && echo "$candidate" && exit 0
fi
echo "Poolhouse needs Python 3.13 with venv, and found none: install it (\`pyenv install 3.13\`, \`uv python install 3.13\`, \
\`brew install python@3.13\`, or python3.13 and python3.13-venv from your distribution) and run make again." >&2
exit 1
