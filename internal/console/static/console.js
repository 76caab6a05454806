// Everything works without this file; it saves clicks and reloads.
'use strict';
(() => {
  for (const s of document.querySelectorAll('select[data-submit]')) {
    s.addEventListener('change', () => s.form.requestSubmit());
  }
  // A page on which something is going on asks for itself again and puts in what has changed, so that focus and scrolling stay.
  const every = Number(document.body.dataset.refresh);
  if (every > 0) {
    const again = async () => {
      let next = every;
      try {
        const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
        for (const part of document.querySelectorAll('[data-live]')) {
          const now = fresh.getElementById(part.id);
          if (now && now.innerHTML !== part.innerHTML) part.innerHTML = now.innerHTML;
        }
        next = Number(fresh.body.dataset.refresh) || 0;
      } catch { /* the server is away for a moment: ask again */ }
      if (next > 0) setTimeout(again, next * 1000);
    };
    setTimeout(again, every * 1000);
  }
  // What is long to select can be copied.
  for (const block of document.querySelectorAll('[data-copy]')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'small copy';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(block.textContent.trim());
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
    // Over the corner of the block, so that nothing moves when the button comes.
    const box = document.createElement('div');
    box.className = 'copyable';
    block.replaceWith(box);
    box.append(block, button);
  }
  // A form is sent once, however often its button is pressed.
  for (const form of document.querySelectorAll('form[method=post]')) {
    form.addEventListener('submit', (e) => {
      if (form.dataset.sent) { e.preventDefault(); return; }
      form.dataset.sent = 'yes';
      setTimeout(() => { delete form.dataset.sent; }, 4000);
    });
  }
})();
