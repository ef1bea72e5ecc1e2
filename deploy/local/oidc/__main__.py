"""`python -m deploy.local.oidc` fetches the packages of the local provider."""

from deploy.local.oidc.server import install

if __name__ == "__main__":
    install()
