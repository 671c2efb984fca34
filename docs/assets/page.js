// A button at each piece of code that copies it. Without a script the code is there all the same.
{
  const words = document.documentElement.lang.slice(0, 2);
  const [copy, copied] = { en: ['Copy', 'Copied'], es: ['Copiar', 'Copiado'], pt: ['Copiar', 'Copiado'] }[words];
  for (const code of document.querySelectorAll('.page pre > code')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = copy;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = copied;
      setTimeout(() => { button.textContent = copy; }, 2000);
    });
    const frame = document.createElement('div');
    frame.className = 'code';
    code.parentNode.replaceWith(frame);
    frame.append(code.parentNode, button);
  }
}
