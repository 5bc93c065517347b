// Answers to approvals, by mouse and by keys.
import { $, $$, post, refusal, say, text, toast } from "./tools.js";

// Forms whose answer is on its way; not in their attributes, which are the server's to change.
const underWay = new WeakSet();

export async function answer(form, decision) {
  if (underWay.has(form)) return;
  underWay.add(form);
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
  // Enter in the box names the first button as if it were pressed. It means nothing by itself: it must not be a slip that approves.
  const isEntered = document.activeElement === form.elements.reason;
  const decision = isEntered ? form.classList.contains("is-rejecting") && "reject" : event.submitter?.value;
  if (decision) answer(form, decision);
  else $("button.approve", form).focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.target.name !== "reason" || event.isComposing) return;
  event.target.closest("form.answer")?.closest("article").focus();
});

// Rejecting asks for the reason first; Enter there rejects, as the button shows, until the box is left.
export function beginReject(form) {
  form.elements.reason.focus();
  form.classList.add("is-rejecting");
  say(text("enter_rejects"));
}

document.addEventListener("focusout", (event) => {
  if (event.target.name === "reason") event.target.closest("form.answer")?.classList.remove("is-rejecting");
});
