//! The features of openbss, and the application that they make up.
//!
//! A feature is a folder: `api` (wire types and operations), `service` (use-cases), `store` (all SQL of its
//! tables), `errors`, `jobs`. A feature may call another feature's `service`, never its `store`. Floors, from
//! the ground up: ledger, catalog, identity · accounts, promotions · pricing · webhooks · notices · orders · subscriptions · sandbox;
//! verify and machine stand beside them and only read what the others hand to [`app`]. [`cli`] starts what
//! [`config`] describes; [`settings`] is what a database remembers of its installation.

pub mod accounts;
pub mod app;
pub mod catalog;
pub mod cli;
pub mod codes;
pub mod config;
pub mod identity;
pub mod ledger;
pub mod machine;
pub mod notices;
pub mod orders;
pub mod pricing;
pub mod promotions;
pub mod sandbox;
pub mod settings;
pub mod subscriptions;
pub mod verify;
pub mod webhooks;

/// A boxed future, where implementations of one seam are collected.
pub type Boxed<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What operations of this server run with.
pub type Cx = platform::op::Cx<app::App>;
