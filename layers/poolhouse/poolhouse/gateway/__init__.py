"""What each type of API sends and wants back.

- ``authorizer``: one authorizer for all of them.
- ``http_api``, ``rest_api``, ``websocket``, ``appsync``: one type each, the authorizer's side and the
  integration's.
- ``context``: what the authorizer tells the integration, the same for every type.
- ``policies``, ``bearer``: what several types share.
- ``problems``: failures as HTTP answers.
"""
