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
startTheme();
startDialogs();
startKeys();
startLists();
startTypeaheads();
startViewers();
startDrops();
startLive();
startIdle();
