"""Domains of one's own, for the sign-in page and for the API. The emulator has no DNS, so they are judged here."""

import pytest

from tests.unit.template.conftest import API_DOMAIN, DOMAINS, EXISTING, SIGN_IN_DOMAIN
from tests.unit.template.processing import Node, Stack, process

ZONE = {"HostedZoneId": "Z0123456789EXAMPLE"}
TYPES = {"AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::ApiMapping", "AWS::Route53::RecordSet"}
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
PREFIX_HOST = "https://${SignInDomain}.auth.eu-central-1.amazoncognito.com"


def test_domains_are_off_by_default(default_stack: Stack) -> None:
    assert list(default_stack.of_type("AWS::Cognito::UserPoolDomain")) == ["SignInDomain"]
    assert TYPES.isdisjoint(each["Type"] for each in default_stack.resources.values())
    assert not {"SignInDomainTarget", "ApiDomainTarget"} & set(default_stack.outputs)


def test_domains_make_no_certificate(template: Node) -> None:
    """Its validation would have the deployment wait for a person."""
    stack = process(template, **DOMAINS, **ZONE)
    assert not [each["Type"] for each in stack.resources.values() if "CertificateManager" in each["Type"]]


def test_sign_in_domain_stands_beside_the_prefix(template: Node, default_stack: Stack) -> None:
    """A pool may have one of each, so turning it on breaks no link and no callback.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-add-custom-domain.html
    """
    stack = process(template, **SIGN_IN_DOMAIN)
    assert stack.resources["SignInDomain"] == default_stack.resources["SignInDomain"]
    assert stack.resources["OwnSignInDomain"]["Properties"] == {
        "UserPoolId": "${UserPool}",
        "ManagedLoginVersion": 2,
        "Domain": "login.example.com",
        "CustomDomainConfig": {
            "CertificateArn": SIGN_IN_DOMAIN["SignInCertificateArn"],
            "SecurityPolicy": "TLS_V1_2_2021",
        },
    }


def test_sign_in_domain_is_where_everything_leads(template: Node, default_stack: Stack) -> None:
    own = process(template, **SIGN_IN_DOMAIN, ApiDocs="on")
    page = own.resources["ApiDocsFunction"]["Properties"]["Environment"]["Variables"]
    assert page["SIGN_IN_URL"] == "https://login.example.com"
    assert own.outputs["SignInUrl"]["Value"].startswith("https://${OwnSignInDomain}/login?client_id=")
    assert own.outputs["ProviderCallbackUrl"]["Value"] == "https://${OwnSignInDomain}/oauth2/idpresponse"
    assert own.outputs["SignInDomainTarget"]["Value"] == "${OwnSignInDomain.CloudFrontDistribution}"
    assert default_stack.outputs["SignInUrl"]["Value"].startswith(f"{PREFIX_HOST}/login?")
    assert default_stack.outputs["ProviderCallbackUrl"]["Value"] == f"{PREFIX_HOST}/oauth2/idpresponse"


def test_sign_in_domain_record_leads_to_its_distribution(template: Node) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-route53-recordset-aliastarget.html"""
    stack = process(template, **SIGN_IN_DOMAIN, **ZONE)
    assert stack.only("AWS::Route53::RecordSet") == {
        **ZONE,
        "Name": "login.example.com",
        "Type": "A",
        "AliasTarget": {"DNSName": "${OwnSignInDomain.CloudFrontDistribution}", "HostedZoneId": CLOUDFRONT_ZONE},
    }


def test_api_domain_takes_tls_1_2_at_least(template: Node) -> None:
    """An HTTP API's domain is regional.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-custom-domain-names.html
    """
    assert process(template, **API_DOMAIN).only("AWS::ApiGatewayV2::DomainName") == {
        "DomainName": "api.example.com",
        "DomainNameConfigurations": [
            {
                "CertificateArn": API_DOMAIN["ApiCertificateArn"],
                "EndpointType": "REGIONAL",
                "SecurityPolicy": "TLS_1_2",
            }
        ],
    }


@pytest.mark.parametrize(
    ("stage", "key", "url"),
    [("$default", None, "https://${ApiDomain}"), ("v1", "v1", "https://${ApiDomain}/v1")],
    ids=["default", "named"],
)
def test_api_domain_leads_to_the_stage_under_the_same_path(
    template: Node, stage: str, key: str | None, url: str
) -> None:
    """Powertools cuts a named stage off the path of every request, so it has to stand there.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-mappings.html
    """
    stack = process(template, **API_DOMAIN, StageName=stage)
    mapping = stack.only("AWS::ApiGatewayV2::ApiMapping")
    assert mapping.pop("ApiMappingKey", None) == key
    assert mapping == {"ApiId": "${Api}", "DomainName": "${ApiDomain}", "Stage": "${ApiStage}"}
    assert stack.outputs["ApiUrl"]["Value"] == url
    assert stack.outputs["ApiDomainTarget"]["Value"] == "${ApiDomain.RegionalDomainName}"


def test_api_domain_record_leads_to_the_region(template: Node) -> None:
    stack = process(template, **API_DOMAIN, **ZONE)
    assert stack.only("AWS::Route53::RecordSet") == {
        **ZONE,
        "Name": "api.example.com",
        "Type": "A",
        "AliasTarget": {
            "DNSName": "${ApiDomain.RegionalDomainName}",
            "HostedZoneId": "${ApiDomain.RegionalHostedZoneId}",
        },
    }


def test_records_are_made_in_the_hosted_zone_alone(template: Node) -> None:
    assert process(template, **DOMAINS).of_type("AWS::Route53::RecordSet") == {}
    names = [each["Name"] for each in process(template, **DOMAINS, **ZONE).of_type("AWS::Route53::RecordSet").values()]
    assert sorted(names) == ["api.example.com", "login.example.com"]


def test_domains_are_left_out_on_the_emulator(template: Node) -> None:
    stack = process(template, **DOMAINS, **ZONE, RunsOn="emulator")
    assert TYPES.isdisjoint(each["Type"] for each in stack.resources.values())
    assert stack.outputs["ApiUrl"]["Value"] == "${Api.ApiEndpoint}"
    assert stack.outputs["SignInUrl"]["Value"].startswith(f"{PREFIX_HOST}/")


def test_api_has_its_domain_beside_an_existing_pool_too(template: Node) -> None:
    """The sign-in page is that pool's, so a rule refuses a domain for it."""
    stack = process(template, **EXISTING, **API_DOMAIN, **ZONE)
    assert stack.of_type("AWS::Cognito::UserPoolDomain") == {}
    assert "ProviderCallbackUrl" not in stack.outputs
    assert stack.only("AWS::Route53::RecordSet")["Name"] == "api.example.com"
    assert stack.outputs["ApiUrl"]["Value"] == "https://${ApiDomain}"
