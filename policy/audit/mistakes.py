"""An account in which everything is wrong. A check that fails nothing in it passes on anything."""

import json
from typing import Any, cast

import boto3

from policy.audit.clouds import Cloud

_ACCOUNT = "123456789012"
_REGION = "eu-central-1"
_SECRET = "AKIAQWERTYUIOPASDFGH"  # noqa: S105  (a mistake to be found)
_ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def make(cloud: Cloud) -> None:
    """One or more of everything, each as careless as its API takes it."""
    _Account(cloud).make()


class _Account:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def _client(self, service: str) -> Any:  # noqa: ANN401  (each has its own type)
        return cast("Any", boto3).client(
            service,
            endpoint_url=self._cloud.endpoint_url,
            aws_access_key_id=self._cloud.access_key_id,
            aws_secret_access_key=self._cloud.secret_access_key,
            region_name=_REGION,
        )

    def make(self) -> None:
        """Every service in turn; later ones use what earlier ones made."""
        self._buckets()
        self._tables()
        self._keys()
        self._people()
        role = self._roles()
        self._functions(role)
        self._machines(role)
        self._queues_and_topics()
        self._logs_and_alarms()
        self._repositories()
        self._distributions()
        self._apis()
        self._firewalls()

    def _buckets(self) -> None:
        s3 = self._client("s3")
        for name in ("careless-public", "careless-plain"):
            s3.create_bucket(
                Bucket=name,
                CreateBucketConfiguration={"LocationConstraint": _REGION},
                ObjectOwnership="ObjectWriter",
            )
        policy = {
            **_ANYONE,
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::careless-public", "arn:aws:s3:::careless-public/*"],
        }
        other = {**policy, "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}
        s3.put_bucket_policy(Bucket="careless-public", Policy=_document(policy, other))
        s3.put_bucket_acl(Bucket="careless-plain", ACL="public-read-write")

    def _tables(self) -> None:
        self._client("dynamodb").create_table(
            TableName="careless",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        )

    def _keys(self) -> None:
        kms = self._client("kms")
        kms.create_key(Policy=_document({**_ANYONE, "Action": "kms:*"}), MultiRegion=True)
        kms.schedule_key_deletion(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], PendingWindowInDays=7)
        kms.disable_key(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])

    def _people(self) -> None:
        iam = self._client("iam")
        everything = _document({"Effect": "Allow", "Action": "*", "Resource": "*"})
        policy = iam.create_policy(PolicyName="careless", PolicyDocument=everything)["Policy"]["Arn"]
        iam.create_user(UserName="careless")
        for _ in range(2):
            iam.create_access_key(UserName="careless")
        iam.create_login_profile(UserName="careless", Password="password")  # noqa: S106  (a mistake to be found)
        iam.attach_user_policy(UserName="careless", PolicyArn=policy)
        iam.put_user_policy(UserName="careless", PolicyName="all", PolicyDocument=everything)

    def _roles(self) -> str:
        iam = self._client("iam")
        trusts = {
            "anyone": {"AWS": "*"},
            "other": {"AWS": "arn:aws:iam::111122223333:root"},
            "service": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
        }
        escalates = {"Effect": "Allow", "Action": ["iam:PassRole", "lambda:*", "iam:CreateAccessKey"], "Resource": "*"}
        for name, principal in trusts.items():
            assume = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(assume))
            iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_document(escalates))
            iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::{_ACCOUNT}:policy/careless")
        return f"arn:aws:iam::{_ACCOUNT}:role/service"

    def _functions(self, role: str) -> None:
        functions = self._client("lambda")
        functions.create_function(
            FunctionName="careless",
            Role=role,
            PackageType="Image",
            Code={"ImageUri": f"{_ACCOUNT}.dkr.ecr.{_REGION}.amazonaws.com/careless:latest"},
            ImageConfig={"Command": ["functions.careless"]},
            Environment={"Variables": {"AWS_KEY": _SECRET, "DB_PASSWORD": "kQ83hd72-Ssm2pw"}},
        )
        functions.add_permission(
            FunctionName="careless", StatementId="anyone", Action="lambda:InvokeFunction", Principal="*"
        )

    def _machines(self, role: str) -> None:
        definition = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Result": _SECRET, "End": True}}}
        self._client("stepfunctions").create_state_machine(
            name="careless", definition=json.dumps(definition), roleArn=role
        )

    def _queues_and_topics(self) -> None:
        sqs, sns = self._client("sqs"), self._client("sns")
        sqs.create_queue(
            QueueName="careless",
            Attributes={"Policy": _document({**_ANYONE, "Action": "sqs:*"}), "SqsManagedSseEnabled": "false"},
        )
        topic = sns.create_topic(Name="careless")["TopicArn"]
        open_to_all = _document({**_ANYONE, "Action": "sns:*", "Resource": topic})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=open_to_all)
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://example.com/alarms")

    def _logs_and_alarms(self) -> None:
        logs, cloudwatch = self._client("logs"), self._client("cloudwatch")
        logs.create_log_group(logGroupName="/careless")
        logs.put_retention_policy(logGroupName="/careless", retentionInDays=1)
        logs.create_log_stream(logGroupName="/careless", logStreamName="one")
        logs.put_resource_policy(policyName="careless", policyDocument=_document({**_ANYONE, "Action": "logs:*"}))
        cloudwatch.put_metric_alarm(
            AlarmName="careless",
            ActionsEnabled=False,
            Namespace="AWS/SQS",
            MetricName="NumberOfMessagesSent",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )

    def _repositories(self) -> None:
        ecr = self._client("ecr")
        ecr.create_repository(repositoryName="careless", imageTagMutability="MUTABLE")
        ecr.set_repository_policy(
            repositoryName="careless",
            policyText=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "ecr:*"}],
                }
            ),
        )

    def _distributions(self) -> None:
        origins = [
            {
                "Id": "bucket",
                "DomainName": "gone.s3.eu-central-1.amazonaws.com",
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            },
            {
                "Id": "site",
                "DomainName": "site.example.com",
                "CustomOriginConfig": {
                    "HTTPPort": 80,
                    "HTTPSPort": 443,
                    "OriginProtocolPolicy": "http-only",
                    "OriginSslProtocols": {"Quantity": 1, "Items": ["SSLv3"]},
                },
            },
        ]
        self._client("cloudfront").create_distribution(
            DistributionConfig={
                "CallerReference": "careless",
                "Comment": "",
                "Enabled": True,
                "Origins": {"Quantity": len(origins), "Items": origins},
                "DefaultCacheBehavior": {"TargetOriginId": "bucket", "ViewerProtocolPolicy": "allow-all"},
                "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
            }
        )

    def _apis(self) -> None:
        apis = self._client("apigatewayv2")
        api = apis.create_api(Name="careless", ProtocolType="HTTP")["ApiId"]
        apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)

    def _firewalls(self) -> None:
        unseen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "careless"}
        self._client("wafv2").create_web_acl(
            Name="careless", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=unseen, Rules=[]
        )


def _document(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
