// This page follows a form that was saved: its texts are kept in the browser no longer.
import { forgetArrived } from "./draft.js";

export default forgetArrived;
