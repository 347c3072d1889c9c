//! Who is asking, and proof of it.
//!
//! `signature` decides whether a request was signed by the holder of a secret key; `secrets` seals, hashes and
//! derives what must never be stored or shown in clear. Both are pure functions: no clock, no storage, no
//! randomness of their own. The door that calls them looks up keys, reads the clock and answers the client.
//!
//! A signed request passes three gates, in this order:
//!
//! ```text
//! parse_authorization   which key, which form, which headers       (headers only)
//!         |
//!    check_shape        what must be signed is; the date is near   (headers only, before the body is read)
//!         |
//!  key lookup, body     the caller opens the secret with Vault
//!         |
//!      verify           the signature and the body hash agree      (whole body)
//! ```
//!
//! Invariants:
//! - Nothing is decoded before it is verified: the canonical request is built from the raw path, query and header
//!   bytes.
//! - Secrets and signatures are compared in constant time, and no error tells what would have been right.
//! - A request that passed all three gates cannot have been altered in method, path, query, signed header or, save
//!   where the client declared its payload unsigned, body.

pub mod secrets;
pub mod signature;
