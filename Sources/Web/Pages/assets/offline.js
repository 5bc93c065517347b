// Opens the page that was asked for as soon as the server answers.
async function look() {
  try {
    const response = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (response.ok) location.reload();
  } catch { /* still away */ }
}

addEventListener("online", look);
setInterval(look, 2000);
