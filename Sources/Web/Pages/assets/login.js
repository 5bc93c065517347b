// Logs in with the token of the address that `tmux-agent dashboard --print` shows, or with what is typed.
import { languageButtons, takeToken } from "./tools.js";

languageButtons();
const token = takeToken();
if (token) {
  const form = document.getElementById("login");
  form.elements.token.value = token;
  form.requestSubmit();
}
