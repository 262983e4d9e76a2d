"""The gateway: hosts jobs for clients of any language, through gateway.proto."""
