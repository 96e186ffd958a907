"""The bucket of the users' pictures: nobody's but their own, and gone when the stack's data is."""

from tests.unit.template.processing import Stack
from tests.unit.template.test_functions import listed, statements


def test_pictures_are_private(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""
    bucket = pooled.only("AWS::S3::Bucket")
    blocked = bucket["PublicAccessBlockConfiguration"]
    assert blocked == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    # No list of access beside the policies: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "WebsiteConfiguration" not in bucket


def test_pictures_are_encrypted(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html"""
    (rule,) = pooled.only("AWS::S3::Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_pictures_travel_over_tls_alone(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"""
    if pooled.parameters["RunsOn"] == "emulator":  # it has no TLS
        assert not pooled.of_type("AWS::S3::BucketPolicy")
        return
    policy = pooled.only("AWS::S3::BucketPolicy")
    assert policy["Bucket"] == "${PicturesBucket}"
    (statement,) = statements(policy["PolicyDocument"])
    assert {name: each for name, each in statement.items() if name != "Sid"} == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["${PicturesBucket.Arn}", "${PicturesBucket.Arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_pictures_may_be_shown_by_pages_of_the_application(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html"""
    (rule,) = pooled.only("AWS::S3::Bucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == pooled.parameters["AllowedOrigins"]
    assert "*" not in listed(rule["AllowedOrigins"])
    assert rule["AllowedMethods"] == ["GET", "HEAD", "POST"]


def test_pictures_are_protected_by_parameter(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""
    kept = "Retain" if pooled.parameters["DataProtection"] == "on" else "Delete"
    assert pooled.resources["PicturesBucket"]["DeletionPolicy"] == kept
    assert pooled.resources["PicturesBucket"]["UpdateReplacePolicy"] == kept
