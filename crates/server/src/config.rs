//! Configuration of a production server.
