//! What kind of message is this, before anybody looks for an answer?
//!
//! Safety comes first and alone: rules from the corpus are tried on the whole raw message, in
//! memory, whatever the message else holds; routes (personal requests, complaints, thanks, other
//! languages) follow. Nothing here retrieves, stores or logs a message, and no clinical word list
//! stands in the code: they are files that a clinician can read.

pub mod conversation;
pub mod courtesy;
pub mod follow;
mod pattern;
pub mod route;
pub mod safety;
pub mod split;
