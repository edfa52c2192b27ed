/* What every screen starts; a screen's own module imports the kit's modules by relative address and adds to it. */

import { startDialogs } from "./dialog.js";
import { startDrops } from "./drop.js";
import { startIdle } from "./idle.js";
import { startKeys } from "./keys.js";
import { startLists } from "./lists.js";
import { startLive } from "./live.js";
import { startTheme } from "./theme.js";
import { startTypeaheads } from "./typeahead.js";
import { startViewers } from "./viewer.js";

document.documentElement.classList.add("has-script");

/* On a phone the navigation scrolls: begin where one is. The list only, never the page. */
const current = document.querySelector(".nav [aria-current]");
if (current) {
  const list = current.closest("ul");
  list.scrollLeft = current.offsetLeft - (list.clientWidth - current.offsetWidth) / 2;
}

startTheme();
startDialogs();
startKeys();
startLists();
startTypeaheads();
startViewers();
startDrops();
startLive();
startIdle();
