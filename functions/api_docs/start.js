// Show the API's document. The page is .../docs, the API is what stands before it, whatever the stage is called.
const files = new URL("docs/", location.href);

async function start() {
  const spec = await (await fetch(new URL("openapi.json", files))).json();
  spec.servers = [{ url: new URL(".", location.href).href.replace(/\/$/, "") }];
  const { signIn } = spec.components.securitySchemes;
  const ui = SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    oauth2RedirectUrl: new URL("oauth2-redirect.html", files).href,
    validatorUrl: null,
    tryItOutEnabled: true,
  });
  ui.initOAuth({
    clientId: signIn["x-client-id"],
    // All are ticked: what a user's role does not have is taken out of the token again.
    scopes: Object.keys(signIn.flows.authorizationCode.scopes),
    usePkceWithAuthorizationCodeGrant: true,
  });
}

start();
