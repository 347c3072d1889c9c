//! Facts about the program itself: what it prints, how it stops, what it refuses, and what it finds again.

mod process;
mod sandbox;
mod serve;
mod tasks;
