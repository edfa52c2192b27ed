/* Picking a person: goes to their record (data-pick-to), or ticks the person for the form (the kit does that). */

document.addEventListener("typeahead:pick", (event) => {
  const to = event.target.dataset.pickTo;
  if (!to) return;
  event.preventDefault();
  location.assign(to + encodeURIComponent(event.detail.item.id));
});
