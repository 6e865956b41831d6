// Package holderpage is the door that a cardholder sees: the activation page, under /activation.
//
// A link that the native API made opens once, and is exchanged for a cookie. The QR of a mailer opens a form for the
// programme's second factor, and gives a cookie to whoever knows it. From then on the page shows how the card
// stands, takes the code of the mailer and perhaps a PIN, and tells what works afterwards. It works without JavaScript, in
// Spanish and English, and loads nothing but its own stylesheet.
//
// Promises. Code and PIN are in bodies of POST and nowhere else, and never come back in a page. Every POST is answered by a
// redirect, so that the back button and a reload do nothing. A form is taken only from our own page, for the card that this
// page showed. What a page says of a refusal follows from its reason; a test walks all that can stand against an activation.
//
// Refusals. No SQL, no keys, and no rule of its own: whether a card may be activated, the rules say.
package holderpage
