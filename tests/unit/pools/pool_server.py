"""A strict stand-in of the services that attaching triggers talks to, for real clients of botocore over real HTTP.

The emulator keeps what UpdateUserPool leaves out and takes what Cognito refuses. This one resets every omitted
setting, as AWS does, and holds each request to AWS's own service model, so that a setting that a newer botocore brings
is held to the same rules without an edit here. It also has the rules that are prose in AWS's documentation: see
`Pool.refusal`.
"""

import contextlib
import copy
import itertools
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import botocore.session
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from tests.serving import serving

ACCOUNT = "123456789012"
POOL = "us-east-1_EXAMPLE01"
POOL_ARN = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/{POOL}"
STACK = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/poolhouse/5c0d1b2a-8c1e-11ef-9f6b-0a1b2c3d4e5f"
RECORD = "/poolhouse/poolhouse/attached-triggers"

SESSION = botocore.session.Session()  # one, which reads the models once
MODEL = SESSION.get_service_model("cognito-idp")
UPDATE = cast("StructureShape", MODEL.operation_model("UpdateUserPool").input_shape)
SETTINGS = {name: shape for name, shape in UPDATE.members.items() if name != "UserPoolId"}
"""Every writable setting of a pool, by member of UpdateUserPool."""

DESCRIBED_AS = {"PoolName": "Name"}
READ_ONLY = {
    "Id": POOL,
    "Arn": POOL_ARN,
    "CreationDate": 1_700_000_000.0,
    "EstimatedNumberOfUsers": 12,
    "SchemaAttributes": [{"Name": "email", "AttributeDataType": "String", "Mutable": True, "Required": True}],
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "Domain": "example-login",
}
# What Cognito sets where a call says nothing; every other setting is gone then.
DEFAULTS: dict[str, Any] = {
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 8,
            "RequireUppercase": True,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": True,
            "TemporaryPasswordValidityDays": 7,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
    },
    "DeletionProtection": "INACTIVE",
    "LambdaConfig": {},
    "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
    "MfaConfiguration": "OFF",
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "UserPoolTags": {},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False},
    "PoolName": "default",
    "UserPoolTier": "ESSENTIALS",
    "KeyConfiguration": {"KeyType": "AWS_OWNED_KEY"},
    "IssuerConfiguration": {"Type": "ORIGINAL"},
}
# Deprecated members, and where what they say stands now.
MIRRORED = {
    "SmsVerificationMessage": "SmsMessage",
    "EmailVerificationMessage": "EmailMessage",
    "EmailVerificationSubject": "EmailSubject",
}


class RefusedError(Exception):
    """What a service answers instead."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message)
        self.code = code


class HungUpError(Exception):
    """A service closes the connection instead."""


class Pool:
    """A user pool: its settings, and what lives outside of UpdateUserPool.

    Attributes:
        settings: By member of UpdateUserPool.
        system_tags: Tags of AWS's own.
        elsewhere: What other calls set: MFA, risk, log delivery, domain, identity providers.
        extra: Members that DescribeUserPool tells besides.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings: dict[str, Any] = {}
        self.system_tags = {"aws:cloudformation:stack-name": "an-earlier-stack"}
        self.elsewhere: dict[str, dict[str, Any]] = {
            "GetUserPoolMfaConfig": {
                "SoftwareTokenMfaConfiguration": {"Enabled": True},
                "WebAuthnConfiguration": {"RelyingPartyId": "example.com", "UserVerification": "required"},
            },
            "DescribeRiskConfiguration": {"RiskConfiguration": {"UserPoolId": POOL, "ClientId": "ALL"}},
            "GetLogDeliveryConfiguration": {
                "LogDeliveryConfiguration": {
                    "UserPoolId": POOL,
                    "LogConfigurations": [{"LogLevel": "ERROR", "EventSource": "userNotification"}],
                }
            },
            "DescribeUserPoolDomain": {"DomainDescription": {"UserPoolId": POOL, "Domain": "example-login"}},
            "ListIdentityProviders": {"Providers": [{"ProviderName": "ExampleIdP", "ProviderType": "OIDC"}]},
        }
        self.extra: dict[str, Any] = {}
        self._changes = itertools.count()
        self.update(settings)

    def update(self, request: dict[str, Any]) -> None:
        """UpdateUserPool: what the request leaves out is reset."""
        self.settings = {**copy.deepcopy(DEFAULTS), **copy.deepcopy(request)}
        self.modified = 1_700_000_000.5 + next(self._changes)

    def outside(self, call: str) -> dict[str, Any]:
        """What a call tells that is outside of DescribeUserPool; of MFA, some is what UpdateUserPool sets."""
        told = copy.deepcopy(self.elsewhere[call])
        if call == "GetUserPoolMfaConfig":
            told["MfaConfiguration"] = self.settings["MfaConfiguration"]
            sms = {name: self.settings.get(name) for name in ("SmsAuthenticationMessage", "SmsConfiguration")}
            told["SmsMfaConfiguration"] = copy.deepcopy(sms)
        return told

    def describe(self) -> dict[str, Any]:
        """DescribeUserPool, with what Cognito tells twice."""
        told = copy.deepcopy(self.settings)
        template = told.get("VerificationMessageTemplate", {})
        told |= {old: template[new] for old, new in MIRRORED.items() if new in template}
        days = told["Policies"].get("PasswordPolicy", {}).get("TemporaryPasswordValidityDays")
        if days is not None:
            told["AdminCreateUserConfig"]["UnusedAccountValidityDays"] = days
        triggers = told["LambdaConfig"]
        if "PreTokenGeneration" in triggers:
            version_1 = {"LambdaVersion": "V1_0", "LambdaArn": triggers["PreTokenGeneration"]}
            triggers.setdefault("PreTokenGenerationConfig", version_1)
        elif "PreTokenGenerationConfig" in triggers:
            triggers["PreTokenGeneration"] = triggers["PreTokenGenerationConfig"]["LambdaArn"]
        told["UserPoolTags"] |= self.system_tags
        described = {DESCRIBED_AS.get(name, name): value for name, value in told.items()}
        return {**READ_ONLY, "LastModifiedDate": self.modified, **described, **self.extra}

    @staticmethod
    def refusal(request: dict[str, Any]) -> RefusedError | None:
        """What Cognito refuses although its model allows it.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html and the
        pages of the types there; https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html
        """
        policies, triggers = request.get("Policies", {}), request.get("LambdaConfig", {})
        template = request.get("VerificationMessageTemplate", {})
        email, key = request.get("EmailConfiguration", {}), request.get("KeyConfiguration", {})
        tier = request.get("UserPoolTier", "ESSENTIALS")
        add_ons = request.get("UserPoolAddOns", {})
        config = triggers.get("PreTokenGenerationConfig", {})
        needs_verified = set(
            request.get("UserAttributeUpdateSettings", {}).get("AttributesRequireVerificationBeforeUpdate", ())
        )
        two_names = {
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays": (
                "UnusedAccountValidityDays" in request.get("AdminCreateUserConfig", {})
                and "TemporaryPasswordValidityDays" in policies.get("PasswordPolicy", {})
            ),
            "EmailMessage and EmailMessageByLink are both given": {"EmailMessage", "EmailMessageByLink"}
            <= set(template),
            "a deprecated message differs from the template's": any(
                old in request and request[old] != template.get(new) for old, new in MIRRORED.items()
            ),
            "tags beginning with aws: are reserved": any(
                name.startswith("aws:") for name in request.get("UserPoolTags", ())
            ),
            "both pre token generation triggers must name one function": (
                "PreTokenGeneration" in triggers
                and bool(config)
                and triggers["PreTokenGeneration"] != config.get("LambdaArn")
            ),
            "a custom sender needs KMSKeyID": (
                {"CustomEmailSender", "CustomSMSSender"} & set(triggers) != set() and "KMSKeyID" not in triggers
            ),
            "DEVELOPER needs SourceArn": email.get("EmailSendingAccount") == "DEVELOPER" and "SourceArn" not in email,
            "COGNITO_DEFAULT has no sender of its own": (
                email.get("EmailSendingAccount") != "DEVELOPER" and bool({"From", "ConfigurationSet"} & set(email))
            ),
            "only a verified attribute can be held back": not needs_verified
            <= set(request.get("AutoVerifiedAttributes", ())),
            "KmsKeyArn goes with CUSTOMER_MANAGED_KEY": ("KmsKeyArn" in key)
            != (key.get("KeyType") == "CUSTOMER_MANAGED_KEY"),
        }
        for message, is_so in two_names.items():
            if is_so:
                return RefusedError("InvalidParameterException", message)
        too_high = {
            "token customisation": tier == "LITE" and config.get("LambdaVersion", "V1_0") != "V1_0",
            "threat protection": tier != "PLUS" and add_ons.get("AdvancedSecurityMode", "OFF") != "OFF",
            "password history": tier == "LITE" and "PasswordHistorySize" in policies.get("PasswordPolicy", {}),
            "choice-based sign-in": tier == "LITE" and "SignInPolicy" in policies,
            "ACR names": tier == "LITE" and "AcrConfiguration" in request,
        }
        for feature, is_so in too_high.items():
            if is_so:
                return RefusedError("FeatureUnavailableInTierException", f"{feature} is not available in tier {tier}")
        return None


def problems(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """Yield where a value breaks a constraint of the model that botocore does not look at before it sends."""
    match shape:
        case StructureShape():
            for name, each in value.items():
                yield from problems(each, shape.members[name], f"{path}.{name}")
        case ListShape():
            for each in value:
                yield from problems(each, shape.member, path)
            yield from _length(value, shape, path)
        case MapShape():
            for name, each in value.items():
                yield from problems(name, shape.key, path)
                yield from problems(each, shape.value, path)
        case StringShape():
            if shape.enum and value not in shape.enum:
                yield f"{path} is {value}, not one of {shape.enum}"
            if not re.fullmatch(pattern_of(shape), value):
                yield f"{path} is {value!r}, not like {shape.metadata['pattern']}"
            yield from _length(value, shape, path)


def pattern_of(shape: Shape) -> str:
    """A string's pattern. Python has no Unicode categories: a class of them is any character but a line break."""
    return re.sub(r"\[\\p\{L\}[^\]]*\]", ".", str(shape.metadata.get("pattern", "(?s).*")))


def _length(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if not shape.metadata.get("min", 0) <= len(value) <= shape.metadata.get("max", len(value)):
        yield f"{path} has length {len(value)}"


class PoolServer:
    """Cognito, Systems Manager and CloudFormation, as far as attaching needs them.

    Attributes:
        pools: By id.
        parameters: Values by name.
        status: Status of the custom resource in its stack; None once the stack is unknown.
        passable: IAM roles that the caller may pass on.
        denied: Actions that the caller has no right to.
        calls: Names of all calls so far.
        responses: What was PUT to the pre-signed address.
        refuses_answers: How many answers CloudFormation's address refuses.
    """

    def __init__(self, pools: dict[str, Pool]) -> None:
        self.pools = pools
        self.parameters: dict[str, str] = {}
        self.status: str | None = "CREATE_IN_PROGRESS"
        self.passable: set[str] | None = None
        self.denied: set[str] = set()
        self.calls: list[str] = []
        self.responses: list[dict[str, Any]] = []
        self.refuses_answers = 0
        self._faults: dict[str, list[RefusedError | HungUpError]] = {}
        self._meanwhile: list[tuple[str, int, Callable[[], None]]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def pool(self) -> Pool:
        """The pool that most tests have."""
        return self.pools[POOL]

    @contextlib.contextmanager
    def running(self) -> Iterator["PoolServer"]:
        with serving(self._server):
            yield self

    def client(self, service: str) -> Any:
        """A client of botocore for this server."""
        return SESSION.create_client(
            service,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=True),
        )

    def will_fail(self, call: str, code: str, message: str = "", times: int = 1) -> None:
        """Let the next calls of a kind fail."""
        self._faults.setdefault(call, []).extend([RefusedError(code, message)] * times)

    def will_hang_up(self, call: str, times: int = 1) -> None:
        """Close the connection of the next calls of a kind without an answer."""
        self._faults.setdefault(call, []).extend([HungUpError()] * times)

    def before_call(self, call: str, action: Callable[[], None], number: int = 1) -> None:
        """Let something happen just before a call of a kind: the next one, or a later one."""
        self._meanwhile.append((call, self.calls.count(call) + number, action))

    def forgive(self) -> None:
        """End what was to go wrong."""
        self._faults.clear()
        self._meanwhile.clear()
        self.denied.clear()

    def answer(self, call: str, request: dict[str, Any]) -> Any:
        """Return the answer to a call."""
        self.calls.append(call)
        for awaited, number, action in self._meanwhile:
            if awaited == call and self.calls.count(call) == number:
                action()
        if call in self.denied:
            raise RefusedError("AccessDeniedException", f"User: x is not authorized to perform: {call} on resource: y")
        if self._faults.get(call):
            raise self._faults[call].pop(0)
        method = getattr(self, re.sub("([A-Z])", r"_\1", call).lower(), None)
        return method(request) if method else self.pool.outside(call)

    # ------------------------------------------------------------------------------------------------------- Cognito
    def _describe_user_pool(self, request: dict[str, Any]) -> Any:
        return {"UserPool": self._of(request).describe()}

    def _update_user_pool(self, request: dict[str, Any]) -> Any:
        pool = self._of(request)
        settings = {name: value for name, value in request.items() if name != "UserPoolId"}
        report = ParamValidator().validate(request, UPDATE)
        broken = [report.generate_report()] if report.has_errors() else list(problems(settings, UPDATE))
        if broken:
            raise RefusedError("InvalidParameterException", "; ".join(broken))
        refusal = pool.refusal(settings)
        if refusal:
            raise refusal
        role = settings.get("SmsConfiguration", {}).get("SnsCallerArn")
        if role and self.passable is not None and role not in self.passable:
            text = f"User: x is not authorized to perform: iam:PassRole on resource: {role}"
            raise RefusedError("AccessDeniedException", text)
        pool.update(settings)
        return {}

    def _of(self, request: dict[str, Any]) -> Pool:
        if request["UserPoolId"] not in self.pools:
            raise RefusedError("ResourceNotFoundException", f"User pool {request['UserPoolId']} does not exist.")
        return self.pools[request["UserPoolId"]]

    # ------------------------------------------------------------------------------------------------ Systems Manager
    def _get_parameter(self, request: dict[str, Any]) -> Any:
        if request["Name"] not in self.parameters:
            raise RefusedError("ParameterNotFound")
        return {"Parameter": {"Name": request["Name"], "Value": self.parameters[request["Name"]]}}

    def _put_parameter(self, request: dict[str, Any]) -> Any:
        if request["Name"] in self.parameters and not request.get("Overwrite"):
            raise RefusedError("ParameterAlreadyExists")
        self.parameters[request["Name"]] = request["Value"]
        return {"Version": 1, "Tier": "Standard"}

    def _delete_parameter(self, request: dict[str, Any]) -> Any:
        if self.parameters.pop(request["Name"], None) is None:
            raise RefusedError("ParameterNotFound")
        return {}

    # -------------------------------------------------------------------------------------------------- CloudFormation
    def _describe_stack_events(self, request: dict[str, Any]) -> Any:
        """Two pages, newest first: on the second is what the custom resource does, and did before."""
        if self.status is None or request["StackName"] != STACK:
            raise RefusedError("ValidationError", "Stack does not exist")
        if "NextToken" not in request:
            return _events(("PreSignUpFunction", "UPDATE_COMPLETE")) + "<NextToken>more</NextToken>"
        return _events(("AttachedTriggers", self.status), ("AttachedTriggers", "CREATE_IN_PROGRESS"))


def _handler(server: PoolServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target = self.headers.get("X-Amz-Target")
            if target:
                call, request = target.rpartition(".")[2], json.loads(body)
            else:  # CloudFormation's protocol
                request = dict(urllib.parse.parse_qsl(body.decode()))
                call = request["Action"]
            try:
                told, status = server.answer(call, request), 200
            except RefusedError as refused:
                told, status = {"__type": refused.code, "message": str(refused)}, 400
            except HungUpError:
                self.close_connection = True
                return
            self._send(status, json.dumps(told).encode() if target else _xml(told).encode())

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if server.refuses_answers:
                server.refuses_answers -= 1
                self._send(503, b"")
                return
            # S3 signed the address with an empty type.
            assert self.headers["Content-Type"] == ""
            assert len(body) <= 4096
            server.responses.append(json.loads(body))
            self._send(200, b"")

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _events(*told: tuple[str, str]) -> str:
    members = (
        f"<member><LogicalResourceId>{name}</LogicalResourceId><ResourceStatus>{status}</ResourceStatus></member>"
        for name, status in told
    )
    return f"<StackEvents>{''.join(members)}</StackEvents>"


def _xml(told: Any) -> str:
    if isinstance(told, str):
        return f"<R><DescribeStackEventsResult>{told}</DescribeStackEventsResult></R>"
    return f"<R><Error><Code>{told['__type']}</Code><Message>{told['message']}</Message></Error></R>"
