// Asks the browser for a passkey and sends its answer with the form. Without a script everything else works.
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
        continue;
    }

    form.hidden = false;
    form.addEventListener("submit", async event => {
        event.preventDefault();
        const problem = form.querySelector("[role=alert]");
        problem.hidden = true;
        try {
            form.elements.credential.value = JSON.stringify(await ask(form));
            form.submit();
        } catch {
            problem.hidden = false;
        }
    });
}

async function ask(form) {
    const answer = await fetch(form.dataset.options, {
        method: "POST",
        headers: { RequestVerificationToken: form.elements.__RequestVerificationToken.value },
    });
    const options = await answer.json();
    return form.dataset.passkey === "create"
        ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}
