//! This process, as the system sees it.

use sysinfo::{CGroupLimits, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

pub(super) struct Process {
    system: System,
    own: Option<Pid>,
}

impl Process {
    pub(super) fn new() -> Self {
        Self { system: System::new(), own: sysinfo::get_current_pid().ok() }
    }

    /// How much memory it has in use; none where the system does not say.
    pub(super) fn taken(&mut self) -> u64 {
        self.refreshed().map_or(0, sysinfo::Process::memory)
    }

    /// How much it could have: what the machine has, or the containers that it is in.
    pub(super) fn available(&mut self) -> u64 {
        self.system.refresh_memory();
        // The group of the process may not be visible from within a container, whose root then is the group.
        let groups = [self.system.cgroup_limits(), self.refreshed().and_then(sysinfo::Process::cgroup_limits)];
        let limits = groups.into_iter().flatten().map(|CGroupLimits { total_memory, .. }| total_memory);
        limits.fold(self.system.total_memory(), u64::min)
    }

    fn refreshed(&mut self) -> Option<&sysinfo::Process> {
        let own = self.own?;
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, ProcessRefreshKind::nothing().with_memory());
        self.system.process(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allocated_and_used_shows() {
        let mut process = Process::new();
        let before = process.taken();
        // More than all that other tests let go of meanwhile.
        let used = std::hint::black_box(vec![1_u8; 512 << 20]);
        let after = process.taken();
        assert!(before > 0 && after >= before + (256 << 20), "{before} {after}");
        assert!(process.available() > after, "{}", used.len());
    }
}
