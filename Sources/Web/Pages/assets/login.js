// Logs in with the token of the address that `tmux-agent dashboard` prints; a fragment is never sent by itself.
import { languageButtons } from "./tools.js";

languageButtons();
const form = document.getElementById("login");
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  history.replaceState(null, "", location.pathname + location.search);
  form.elements.token.value = token;
  form.requestSubmit();
}
