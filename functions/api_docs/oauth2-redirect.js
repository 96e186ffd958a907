// The sign-in page sends the user back here, in the window that Swagger UI opened: hand it the code, and close.
const answer = new URLSearchParams(location.search);
const request = window.opener?.swaggerUIRedirectOauth2;

function say(text) {
  document.getElementById("status").textContent = text;
}

if (!request) {
  say("Open the page of the API, and press Authorize there.");
} else if (answer.get("state") !== request.state) {
  // An answer to a question that this page did not ask: somebody else's code, perhaps.
  request.errCb({ authId: request.auth.name, source: "auth", level: "error", message: "The sign-in was started elsewhere." });
  window.close();
} else if (answer.has("code")) {
  delete request.auth.state;
  request.auth.code = answer.get("code");
  request.callback({ auth: request.auth, redirectUrl: request.redirectUrl });
  window.close();
} else {
  const message = answer.get("error_description") ?? answer.get("error") ?? "The sign-in page sent no code.";
  request.errCb({ authId: request.auth.name, source: "auth", level: "error", message });
  window.close();
}
