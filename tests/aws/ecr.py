"""ECR's token for a registry; moto's ended years ago. Everything else of ECR is moto's, and there is no registry."""

import base64
import datetime

LIFETIME = datetime.timedelta(hours=12)


def get_authorization_token(call, tenant):
    password = f"{tenant.account}-auth-token"
    return {
        "authorizationData": [
            {
                "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
                "expiresAt": datetime.datetime.now(datetime.timezone.utc) + LIFETIME,
                "proxyEndpoint": f"https://{tenant.account}.dkr.ecr.{call.region}.amazonaws.com",
            }
        ]
    }


ACTIONS = {"GetAuthorizationToken": get_authorization_token}
