"""What an operator manages an environment with: IAM, STS, CloudFront, CloudWatch, ECR, WAF, HTTP APIs, budgets."""

from __future__ import annotations

from embedded.authorisation.calls import Call
from embedded.authorisation.requests.facts import Facts
from embedded.authorisation.requests.rows import Resource, Row, Table, arn, parameter, same

_REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_"
_IAM = _REFERENCE + "awsidentityandaccessmanagementiam.html"
_STS = _REFERENCE + "awssecuritytokenservice.html"
_CLOUDFRONT = _REFERENCE + "amazoncloudfront.html"
_CLOUDWATCH = _REFERENCE + "amazoncloudwatch.html"
_ECR = _REFERENCE + "amazonelasticcontainerregistry.html"
_BUDGETS = _REFERENCE + "awsbudgetservice.html"
_CE = _REFERENCE + "awscostexplorerservice.html"
_WAF = _REFERENCE + "awswafv2.html"
_API = _REFERENCE + "amazonapigatewaymanagement.html"
_TAGGING = _REFERENCE + "amazonresourcegrouptaggingapi.html"


def _named(kind: str, name: str) -> Resource:
    return arn(f"arn:aws:iam::{{account}}:{kind}/{{{name}}}")


IAM: Table = {
    **same(
        "iam",
        _IAM,
        _named("role", "RoleName"),
        "CreateRole GetRole UpdateRole DeleteRole UpdateAssumeRolePolicy PutRolePolicy GetRolePolicy DeleteRolePolicy "
        "ListRolePolicies ListAttachedRolePolicies AttachRolePolicy DetachRolePolicy TagRole UntagRole ListRoleTags "
        "PutRolePermissionsBoundary DeleteRolePermissionsBoundary UpdateRoleDescription ListInstanceProfilesForRole",
    ),
    **same(
        "iam",
        _IAM,
        _named("user", "UserName"),
        "CreateUser GetUser DeleteUser PutUserPolicy GetUserPolicy DeleteUserPolicy ListUserPolicies "
        "AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies ListGroupsForUser "
        "CreateAccessKey DeleteAccessKey UpdateAccessKey ListAccessKeys PutUserPermissionsBoundary",
    ),
    **same(
        "iam",
        _IAM,
        parameter("PolicyArn"),
        "GetPolicy DeletePolicy GetPolicyVersion ListPolicyVersions CreatePolicyVersion DeletePolicyVersion "
        "SetDefaultPolicyVersion ListEntitiesForPolicy TagPolicy UntagPolicy",
    ),
    "CreatePolicy": Row(_IAM, "iam:CreatePolicy", _named("policy", "PolicyName")),
    **same(
        "iam",
        _IAM,
        parameter("OpenIDConnectProviderArn"),
        "GetOpenIDConnectProvider DeleteOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint "
        "AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider TagOpenIDConnectProvider "
        "UntagOpenIDConnectProvider",
    ),
    **same(
        "iam",
        _IAM,
        None,
        "ListRoles ListUsers ListPolicies ListAccountAliases GetAccountSummary CreateOpenIDConnectProvider "
        "ListOpenIDConnectProviders SimulateCustomPolicy SimulatePrincipalPolicy GetAccountAuthorizationDetails",
    ),
}

STS: Table = {
    "AssumeRole": Row(_STS, "sts:AssumeRole", parameter("RoleArn")),
    "GetSessionToken": Row(_STS, "sts:GetSessionToken"),
}
"""GetCallerIdentity needs no permission, and no policy can deny it: see `FREE`."""

FREE = {"sts": {"GetCallerIdentity": "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"}}
"""Operations that everyone may call who has credentials."""

_distribution = arn("arn:aws:cloudfront::{account}:distribution/{Id}")


def _invalidated(call: Call, _facts: Facts) -> str:
    return f"arn:aws:cloudfront::{call.account}:distribution/{call.text('DistributionId') or '*'}"


CLOUDFRONT: Table = {
    **same("cloudfront", _CLOUDFRONT, _invalidated, "CreateInvalidation GetInvalidation ListInvalidations"),
    **same(
        "cloudfront",
        _CLOUDFRONT,
        _distribution,
        "GetDistribution GetDistributionConfig UpdateDistribution DeleteDistribution",
    ),
    **same("cloudfront", _CLOUDFRONT, arn("arn:aws:cloudfront::{account}:distribution/*"), "CreateDistribution"),
    "CreateDistributionWithTags": Row(
        _CLOUDFRONT, "cloudfront:CreateDistribution", arn("arn:aws:cloudfront::{account}:distribution/*")
    ),
    **same(
        "cloudfront",
        _CLOUDFRONT,
        None,
        "ListDistributions ListTagsForResource TagResource UntagResource "
        "CreateCachePolicy GetCachePolicy GetCachePolicyConfig UpdateCachePolicy DeleteCachePolicy ListCachePolicies "
        "CreateOriginAccessControl GetOriginAccessControl GetOriginAccessControlConfig UpdateOriginAccessControl "
        "DeleteOriginAccessControl ListOriginAccessControls "
        "CreateResponseHeadersPolicy GetResponseHeadersPolicy GetResponseHeadersPolicyConfig "
        "UpdateResponseHeadersPolicy DeleteResponseHeadersPolicy ListResponseHeadersPolicies "
        "CreateOriginRequestPolicy GetOriginRequestPolicy UpdateOriginRequestPolicy DeleteOriginRequestPolicy "
        "ListOriginRequestPolicies CreateFunction DescribeFunction GetFunction UpdateFunction PublishFunction "
        "DeleteFunction ListFunctions CreateMonitoringSubscription GetMonitoringSubscription "
        "DeleteMonitoringSubscription",
    ),
}

_alarm = arn("arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}")
_dashboard = arn("arn:aws:cloudwatch::{account}:dashboard/{DashboardName}")

CLOUDWATCH: Table = {
    **same("cloudwatch", _CLOUDWATCH, _alarm, "PutMetricAlarm PutCompositeAlarm"),
    **same(
        "cloudwatch",
        _CLOUDWATCH,
        arn("arn:aws:cloudwatch:{region}:{account}:alarm:*"),
        "DescribeAlarms DeleteAlarms SetAlarmState EnableAlarmActions DisableAlarmActions DescribeAlarmHistory",
    ),
    **same("cloudwatch", _CLOUDWATCH, _dashboard, "PutDashboard GetDashboard DeleteDashboards"),
    **same("cloudwatch", _CLOUDWATCH, parameter("ResourceARN"), "TagResource UntagResource ListTagsForResource"),
    "PutMetricData": Row(
        _CLOUDWATCH,
        "cloudwatch:PutMetricData",
        None,
        lambda call: {"cloudwatch:namespace": (call.text("Namespace"),)},
    ),
    **same("cloudwatch", _CLOUDWATCH, None, "ListDashboards GetMetricData GetMetricStatistics ListMetrics"),
}

ECR: Table = {
    **same(
        "ecr",
        _ECR,
        arn("arn:aws:ecr:{region}:{account}:repository/{repositoryName}"),
        "CreateRepository DescribeRepositories DeleteRepository PutLifecyclePolicy GetLifecyclePolicy "
        "DeleteLifecyclePolicy SetRepositoryPolicy GetRepositoryPolicy DeleteRepositoryPolicy DescribeImages "
        "BatchGetImage PutImageScanningConfiguration PutImageTagMutability ListImages PutImage "
        "BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart CompleteLayerUpload GetDownloadUrlForLayer",
    ),
    **same("ecr", _ECR, parameter("resourceArn"), "TagResource UntagResource ListTagsForResource"),
    **same("ecr", _ECR, None, "GetAuthorizationToken DescribeRegistry PutReplicationConfiguration"),
}

_budget = arn("arn:aws:budgets::{AccountId}:budget/{BudgetName}")

BUDGETS: Table = {
    **{
        operation: Row(_BUDGETS, f"budgets:{action}", _budget)
        for action, operations in {
            "ViewBudget": "DescribeBudget DescribeBudgets DescribeNotificationsForBudget "
            "DescribeSubscribersForNotification",
            "ModifyBudget": "CreateBudget UpdateBudget DeleteBudget CreateNotification UpdateNotification "
            "DeleteNotification CreateSubscriber UpdateSubscriber DeleteSubscriber",
        }.items()
        for operation in operations.split()
    },
    **same("budgets", _BUDGETS, parameter("ResourceARN"), "TagResource UntagResource ListTagsForResource"),
}

CE: Table = same(
    "ce",
    _CE,
    None,
    "CreateAnomalyMonitor GetAnomalyMonitors UpdateAnomalyMonitor DeleteAnomalyMonitor CreateAnomalySubscription "
    "GetAnomalySubscriptions UpdateAnomalySubscription DeleteAnomalySubscription TagResource UntagResource "
    "ListTagsForResource UpdateCostAllocationTagsStatus ListCostAllocationTags",
)

WAF: Table = {
    **same(
        "wafv2",
        _WAF,
        None,
        "CreateWebACL GetWebACL UpdateWebACL DeleteWebACL ListWebACLs CreateIPSet GetIPSet UpdateIPSet DeleteIPSet "
        "PutLoggingConfiguration GetLoggingConfiguration DeleteLoggingConfiguration AssociateWebACL DisassociateWebACL "
        "GetWebACLForResource TagResource UntagResource ListTagsForResource",
    )
}

TAGGING: Table = same("tag", _TAGGING, None, "GetResources TagResources UntagResources GetTagKeys GetTagValues")


def _api(call: Call, _facts: Facts) -> str:
    inside = f"/{call.text('ApiId')}" if call.text("ApiId") else ""
    return f"arn:aws:apigateway:{call.region}::/apis{inside}"


_METHODS = {"Create": "POST", "Get": "GET", "Update": "PATCH", "Delete": "DELETE"}

API: Table = (
    {
        f"{verb}{kind}": Row(_API, f"apigateway:{method}", _api)
        for verb, method in _METHODS.items()
        for kind in ("Api", "Route", "Integration", "Stage", "Authorizer", "Deployment", "DomainName", "ApiMapping")
    }
    | {f"Get{kind}": Row(_API, "apigateway:GET", _api) for kind in ("Apis", "Routes", "Integrations", "Stages", "Tags")}
    | {"TagResource": Row(_API, "apigateway:POST", _api), "UntagResource": Row(_API, "apigateway:DELETE", _api)}
)
