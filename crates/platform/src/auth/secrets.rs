//! Sealing, hashing and deriving secrets.
//!
//! Three kinds of secret, three treatments:
//! - what must be read again (secret keys, webhook keys) is sealed by a [`Vault`] under the key of the installation;
//! - what a person chose (passwords) is hashed slowly with argon2id;
//! - what the machine made at random and must only be recognised (tokens) is hashed once with SHA-256, since
//!   256 random bits cannot be guessed and a slow hash would only slow down every request.
//!
//! A sealed value is `version(1) || nonce(12) || ciphertext || tag(16)`. Its context (table, column, row) is
//! authenticated but not stored, so a sealed value copied to another row does not open there.
//!
//! Never: a secret in `Debug`, in an error or in a log line; randomness that was not passed in.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac, rand};

/// The longest password that is hashed, in bytes: argon2 takes more, but nobody types more, and a bound keeps a
/// client from making the server hash megabytes.
pub const PASSWORD_BYTES_MAX: usize = 1024;

const SEALED_VERSION: u8 = 1;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// Why a sealed value did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Too short, or of a version that this build does not know.
    #[error("the sealed value has no known form")]
    Malformed,
    /// Another key, another context, or an altered value; which of them cannot be told.
    #[error("the sealed value does not open with this key in this context")]
    Refused,
}

/// Seals values at rest with AES-256-GCM.
pub struct Vault(LessSafeKey);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Vault {
    /// A vault under the installation's key: 32 random bytes.
    pub fn from_key_bytes(key: [u8; 32]) -> Vault {
        let key = UnboundKey::new(&AES_256_GCM, &key).expect("an AES-256 key has 32 bytes");
        Vault(LessSafeKey::new(key))
    }

    /// Seals `plain` for `context`. The nonce must come from [`Random`] and never be used twice with one key:
    /// a repeated nonce reveals both values.
    pub fn seal(&self, plain: &[u8], context: &str, nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + TAG_LEN);
        sealed.push(SEALED_VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut sealed[1 + NONCE_LEN..],
            )
            .expect("AES-GCM seals anything under 64 GiB, and the value is in memory");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what [`Vault::seal`] made for the same context.
    ///
    /// # Errors
    /// [`VaultError`], which never says more than that it did not open.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, VaultError> {
        let (version, rest) = sealed.split_first().ok_or(VaultError::Malformed)?;
        if *version != SEALED_VERSION || rest.len() < NONCE_LEN + TAG_LEN {
            return Err(VaultError::Malformed);
        }
        let (nonce, ciphertext) = rest.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).expect("the nonce was split at its length");
        let mut plain = ciphertext.to_vec();
        let len = self
            .0
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut plain)
            .map_err(|_| VaultError::Refused)?
            .len();
        plain.truncate(len);
        Ok(plain)
    }
}

/// How much work one password hash costs, to us and to whoever stole the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCost {
    /// A password that a person chose: 19 MiB, two passes (the OWASP minimum for argon2id).
    Human,
    /// A secret the machine made with at least 128 random bits: 256 KiB, one pass. Guessing is hopeless at any
    /// cost, so the cost only has to be polite.
    MachineMade,
}

/// Why a password could not be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Longer than [`PASSWORD_BYTES_MAX`].
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// There was no memory for the hash.
    #[error("the password could not be hashed now; try again")]
    Unavailable,
}

/// Hashes a password with argon2id; the answer is a PHC string that carries its salt and cost.
/// Slow on purpose: call it outside any transaction and off the async threads.
///
/// # Errors
/// [`PasswordError`].
pub fn hash_password(password: &str, salt: [u8; 16], cost: PasswordCost) -> Result<String, PasswordError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    let (memory_kib, passes) = match cost {
        PasswordCost::Human => (19 * 1024, 2),
        PasswordCost::MachineMade => (256, 1),
    };
    let params = Params::new(memory_kib, passes, 1, None).expect("both costs are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Unavailable)
}

/// Whether `password` is the one that `phc` was made from; the cost is read from `phc`. A string that is not a
/// PHC hash matches nothing. For an unknown user verify against some hash too, or the time tells who exists.
pub fn verify_password(password: &str, phc: &str) -> bool {
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    PasswordHash::new(phc)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// SHA-256 of the bytes, in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// HMAC-SHA256 of `message` under `key`.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, message).as_ref().try_into().expect("an HMAC-SHA256 tag has 32 bytes")
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(HEX_DIGITS[usize::from(nibble)]));
        }
    }
    text
}

/// Lower-case hex of 32 bytes, without allocating.
pub(crate) fn hex_32(bytes: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = HEX_DIGITS[usize::from(byte >> 4)];
        pair[1] = HEX_DIGITS[usize::from(byte & 15)];
    }
    text
}

/// The 32 bytes that 64 hex digits of either case stand for; `None` for anything else.
pub(crate) fn unhex_32(text: &[u8]) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (hex_digit(pair[0])? << 4) | hex_digit(pair[1])?;
    }
    Some(bytes)
}

/// The value of one hex digit of either case.
pub(crate) fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None, // No other byte is a hex digit.
    }
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A key for one purpose from a master key: the same key and label always give the same 32 bytes, and one derived
/// key tells nothing about another or about the master. Serves the deterministic demo secrets of the sandbox.
pub fn derive(key: &[u8], label: &str) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut mac = hmac::Context::with_key(&key);
    // The prefix keeps a derived key apart from every other HMAC made under the same master.
    mac.update(b"openbss derive v1\0");
    mac.update(label.as_bytes());
    mac.sign().as_ref().try_into().expect("an HMAC-SHA256 tag has 32 bytes")
}

/// What is stored of a token: enough to recognise it, not enough to use it.
pub fn token_hash(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

/// A source of random bytes; a seam, so that tests and the simulation repeat exactly.
pub trait Random: Send {
    /// Fills the whole of `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        rand::fill(bytes).expect("the operating system gives randomness, or nothing here is safe to do");
    }
}

/// The same bytes for the same seed, in any chunks: HMAC-SHA256 in counter mode. For tests; a server that people
/// use must never see it.
pub struct SeededRandom {
    key: hmac::Key,
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl SeededRandom {
    /// The stream that belongs to `seed`.
    pub fn new(seed: u64) -> SeededRandom {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &seed.to_be_bytes());
        SeededRandom { key, counter: 0, block: [0; 32], used: 32 }
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.used == self.block.len() {
                let tag = hmac::sign(&self.key, &self.counter.to_be_bytes());
                self.block.copy_from_slice(tag.as_ref());
                self.counter += 1;
                self.used = 0;
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_with_its_key_and_context() {
        let vault = Vault::from_key_bytes([7; 32]);
        let sealed = vault.seal(b"secret", "access_key/1", [9; 12]);
        assert_eq!(vault.open(&sealed, "access_key/1").unwrap(), b"secret");
        assert_eq!(vault.open(&sealed, "access_key/2"), Err(VaultError::Refused));
        let other = Vault::from_key_bytes([8; 32]);
        assert_eq!(other.open(&sealed, "access_key/1"), Err(VaultError::Refused));
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn every_altered_or_missing_byte_of_a_sealed_value_is_refused() {
        let vault = Vault::from_key_bytes([7; 32]);
        let sealed = vault.seal(b"secret", "c", [9; 12]);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(vault.open(&altered, "c").is_err(), "byte {at}");
            assert!(vault.open(&sealed[..at], "c").is_err(), "length {at}");
        }
    }

    #[test]
    fn an_empty_value_can_be_sealed() {
        let vault = Vault::from_key_bytes([7; 32]);
        assert_eq!(vault.open(&vault.seal(b"", "", [0; 12]), "").unwrap(), b"");
    }

    #[test]
    fn a_password_matches_its_hash_at_either_cost() {
        for cost in [PasswordCost::Human, PasswordCost::MachineMade] {
            let phc = hash_password("correct horse", [1; 16], cost).unwrap();
            assert!(phc.starts_with("$argon2id$v=19$"), "{phc}");
            assert!(verify_password("correct horse", &phc));
            assert!(!verify_password("correct horsf", &phc));
            assert!(!verify_password("", &phc));
        }
    }

    #[test]
    fn the_hash_carries_the_cost() {
        let human = hash_password("p", [1; 16], PasswordCost::Human).unwrap();
        assert!(human.contains("m=19456,t=2,p=1"), "{human}");
        let machine = hash_password("p", [1; 16], PasswordCost::MachineMade).unwrap();
        assert!(machine.contains("m=256,t=1,p=1"), "{machine}");
    }

    #[test]
    fn what_is_no_hash_matches_no_password() {
        for phc in
            ["", "x", "$argon2id$v=19$m=256,t=1,p=1", "$argon2id$v=19$m=256,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA"]
        {
            assert!(!verify_password("", phc), "{phc}");
        }
    }

    #[test]
    fn passwords_have_a_longest_length() {
        let longest = "x".repeat(PASSWORD_BYTES_MAX);
        assert!(hash_password(&longest, [1; 16], PasswordCost::MachineMade).is_ok());
        let longer = longest + "x";
        assert_eq!(hash_password(&longer, [1; 16], PasswordCost::MachineMade), Err(PasswordError::TooLong));
    }

    #[test]
    fn hashes_have_the_published_values() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // RFC 4231, test case 2.
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(token_hash("abc"), sha256_hex(b"abc"));
    }

    #[test]
    fn hex_goes_both_ways() {
        let bytes: [u8; 32] = std::array::from_fn(|i| (i * 8 + 1) as u8);
        assert_eq!(hex_32(&bytes).as_slice(), hex(&bytes).as_bytes());
        assert_eq!(unhex_32(hex(&bytes).to_uppercase().as_bytes()), Some(bytes));
        assert_eq!(unhex_32(&[b'0'; 63]), None);
        assert_eq!(unhex_32(&[b'g'; 64]), None);
    }

    #[test]
    fn derived_keys_depend_on_key_and_label_only() {
        assert_eq!(derive(b"k", "a"), derive(b"k", "a"));
        assert_ne!(derive(b"k", "a"), derive(b"k", "b"));
        assert_ne!(derive(b"k", "a"), derive(b"l", "a"));
        assert_ne!(derive(b"k", "a"), hmac_sha256(b"k", b"a"));
    }

    #[test]
    fn a_seeded_stream_repeats_in_any_chunks() {
        let mut whole = [0; 100];
        SeededRandom::new(1).fill(&mut whole);
        let mut pieces = [0; 100];
        let mut random = SeededRandom::new(1);
        for piece in pieces.chunks_mut(7) {
            random.fill(piece);
        }
        assert_eq!(whole, pieces);
        assert_ne!(whole[..32], whole[32..64]);
        let mut other = [0; 100];
        SeededRandom::new(2).fill(&mut other);
        assert_ne!(whole, other);
    }

    #[test]
    fn system_randomness_does_not_repeat() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        SystemRandom.fill(&mut first);
        SystemRandom.fill(&mut second);
        assert_ne!(first, second);
    }
}
