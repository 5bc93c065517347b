// Answers to approvals, by mouse and by keys.
import { $, $$, post, refusal, say, text, toast } from "./tools.js";

export async function answer(form, decision) {
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  for (const button of $$("button", form)) button.disabled = true;
  const reason = form.elements.reason.value.trim();
  const path = `/api/approvals/${encodeURIComponent(form.dataset.approval)}`;
  const result = await post(path, reason ? { decision, reason } : { decision });
  delete form.dataset.busy;
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
  const decision = form.dataset.entered ? form.dataset.decision : event.submitter?.value;
  delete form.dataset.entered;
  if (decision) answer(form, decision);
  else $("button.approve", form).focus();
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form.answer");
  if (!form || event.target.name !== "reason") return;
  if (event.key === "Enter") form.dataset.entered = "1";
  if (event.key === "Escape") {
    delete form.dataset.decision;
    form.closest("article").focus();
  }
});

// Rejecting asks for the reason first; Enter there rejects.
export function beginReject(form) {
  form.dataset.decision = "reject";
  form.elements.reason.focus();
}
