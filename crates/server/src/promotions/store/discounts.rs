//! All SQL of `discounts`.

platform::statements! {}
