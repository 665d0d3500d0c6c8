import { add } from "./js/counter.js";

document.title = `Sum ${add(1, 2)}`;
