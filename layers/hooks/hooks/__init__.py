"""Your own hooks: one module for each function, such as ``pre_sign_up.py``, with its hooks in a list ``HOOKS``.

They run after the function's own, in their order. This folder is yours: no release of Poolhouse changes it.

Two more things have their place here: ``message_sender.py`` with a function ``send``, which sends messages in place of
SES and SNS, and ``messages/<language>/``, texts of messages in further languages or in other words.

Example, ``pre_sign_up.py``::

    from poolhouse.triggers import Event, Refusal


    def check_invitation(event: Event) -> None:
        if (event["request"].get("clientMetadata") or {}).get("invitation") != "open-sesame":
            raise Refusal("invitation_missing", "Please use the link in your invitation.")


    HOOKS = [check_invitation]
"""
