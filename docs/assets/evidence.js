// Filters the list of what is inferred or in conflict; the address keeps the choice.
const rows = [...document.querySelectorAll('[data-level]')];
const choices = [...document.querySelectorAll('.filters select')];
const shown = document.querySelector('#shown');
function filter() {
  const [api, level] = choices.map((choice) => choice.value);
  for (const row of rows) row.hidden = (api && row.dataset.api !== api) || (level && row.dataset.level !== level);
  shown.textContent = rows.filter((row) => !row.hidden).length;
}
function choose() {
  filter();
  const chosen = new URLSearchParams(choices.filter((choice) => choice.value).map((choice) => [choice.name, choice.value]));
  history.replaceState(null, '', `${chosen.size ? `?${chosen}` : location.pathname}${location.hash}`);
}
for (const choice of choices) {
  const wanted = new URLSearchParams(location.search).get(choice.name);
  if ([...choice.options].some((option) => option.value === wanted)) choice.value = wanted;
  choice.addEventListener('change', choose);
}
filter();
