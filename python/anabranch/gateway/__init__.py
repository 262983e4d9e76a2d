"""The gateway: hosts jobs for clients of any language, behind gateway.proto."""
