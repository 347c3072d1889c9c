//! Use-cases of orders.
