"""Pictures in S3: a form that puts one there, and their removal.

AWS has no rule on an object's size in IAM: none of S3's condition keys is about it
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html). A signed form has one,
``content-length-range``, which S3 itself holds the upload to. So users have no right to put anything, and the API signs
a form for one picture
(https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html).
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from poolhouse import aws

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_BYTES: Final = 1_048_576
"""Largest picture, in bytes."""

FORM_SECONDS: Final = 300
"""How long a form works."""

TYPES: Final[Mapping[str, str]] = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""By the end of a name: what the picture is served as. Not SVG, which can hold a script."""

# A name as the policy's kind "key" takes it, of 128 characters at most, with one of the ends.
NAME: Final = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9_.-]{{0,122}}\.({'|'.join(end[1:] for end in TYPES)})")
"""What a picture may be called."""


class Pictures(aws.Caller["S3Client"]):
    """The pictures of users, each user's below the user's key: ``SUB/NAME``.

    Args:
        bucket: Name of the bucket.
        client: An S3 client; by default one is made when it is first needed.

    Every method raises ``botocore.exceptions.ClientError`` or ``BotoCoreError`` when S3 refuses or does not answer.
    """

    def __init__(self, bucket: str, client: "S3Client | None" = None) -> None:
        super().__init__(client, aws.s3)
        self._bucket = bucket

    def form(self, sub: str, name: str) -> dict[str, Any]:
        """A form that puts one picture of at most :data:`MAX_BYTES` into the bucket, once or again.

        Args:
            sub: Whose picture.
            name: The picture's name: see :data:`NAME`.

        Returns:
            ``url``, where to send it; ``fields``, to send before the field ``file``; ``max_bytes``; ``expires_in``, in
            seconds.

        Raises:
            ValueError: It is no name of a picture.
        """
        if not NAME.fullmatch(name):
            raise ValueError("it is no name of a picture")
        kind = TYPES[PurePosixPath(name).suffix]
        form = self._client.generate_presigned_post(
            Bucket=self._bucket,
            Key=f"{sub}/{name}",
            Fields={"Content-Type": kind},
            Conditions=[{"Content-Type": kind}, ["content-length-range", 1, MAX_BYTES]],
            ExpiresIn=FORM_SECONDS,
        )
        return {"url": form["url"], "fields": form["fields"], "max_bytes": MAX_BYTES, "expires_in": FORM_SECONDS}

    def remove(self, sub: str) -> None:
        """Delete every picture of a user, if there is one; safe to do twice."""
        while True:
            page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=f"{sub}/")
            for each in page.get("Contents", []):
                self._client.delete_object(Bucket=self._bucket, Key=each["Key"])
            if not page.get("IsTruncated"):
                return
