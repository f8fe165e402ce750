// Words for the rarer refusals: their code asks for them before the refusal is shown.
import { enProblems } from "./messages/en-problems";
import { addMessages } from "./text";

addMessages(enProblems, "problems");
