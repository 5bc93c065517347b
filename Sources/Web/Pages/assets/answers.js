// Answers to approvals, by mouse and by keys.
import { $, $$, post, refusal, say, text, toast } from "./tools.js";

// What is under way in a form; not in its attributes, which are the server's to change.
const underWay = new WeakMap();
const stateOf = (form) => underWay.get(form) ?? underWay.set(form, {}).get(form);

export async function answer(form, decision) {
  const state = stateOf(form);
  if (state.isBusy) return;
  state.isBusy = true;
  for (const button of $$("button", form)) button.disabled = true;
  const reason = form.elements.reason.value.trim();
  const path = `/api/approvals/${encodeURIComponent(form.dataset.approval)}`;
  const result = await post(path, reason ? { decision, reason } : { decision });
  underWay.delete(form);
  for (const button of $$("button", form)) button.disabled = false;
  if (result.ok) {
    const words = text(decision === "approve" ? "approved_now" : "rejected_now");
    form.closest("article")?.classList.add("is-answered");
    toast(words);
    say(words);
  } else if (result.status === 409) {
    toast(text("was_answered", { why: result.why }), "bad");
  } else {
    toast(refusal(result), "bad");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form.answer");
  if (!form) return;
  event.preventDefault();
  // Enter in the box means nothing by itself: it must not be a slip that approves.
  const state = stateOf(form);
  const decision = state.isEntered ? state.decision : event.submitter?.value;
  state.isEntered = false;
  if (decision) answer(form, decision);
  else $("button.approve", form).focus();
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form.answer");
  if (!form || event.target.name !== "reason") return;
  if (event.key === "Enter") stateOf(form).isEntered = true;
  if (event.key === "Escape") {
    underWay.delete(form);
    form.closest("article").focus();
  }
});

// Rejecting asks for the reason first; Enter there rejects.
export function beginReject(form) {
  stateOf(form).decision = "reject";
  form.elements.reason.focus();
}
