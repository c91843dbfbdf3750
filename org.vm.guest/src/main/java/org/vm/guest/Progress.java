package org.vm.guest;

/** Told how far a long step is. Called often, by the thread that does the work. */
@FunctionalInterface
public interface Progress {
    Progress SILENT = (what, done, total) -> {};

    /**
     * @param what  what is being done, for a person
     * @param done  units done, mostly bytes
     * @param total units in all, or -1 if that is not known; {@code done == total} ends the step
     */
    void report(String what, long done, long total);
}
