// Filters the list of what is inferred or in conflict.
const rows = [...document.querySelectorAll('[data-level]')];
const choices = [...document.querySelectorAll('.filters select')];
const shown = document.querySelector('#shown');
function filter() {
  const [api, level] = choices.map((choice) => choice.value);
  for (const row of rows) row.hidden = (api && row.dataset.api !== api) || (level && row.dataset.level !== level);
  shown.textContent = rows.filter((row) => !row.hidden).length;
}
for (const choice of choices) choice.addEventListener('change', filter);
filter();
