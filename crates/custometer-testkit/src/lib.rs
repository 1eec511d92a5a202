//! What a custometer metric author tests with
