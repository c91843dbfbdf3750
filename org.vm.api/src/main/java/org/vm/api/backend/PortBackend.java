package org.vm.api.backend;

/** The host's end of a console port that wants to know whether a program in the guest has opened the other end. */
public interface PortBackend extends ConsoleBackend {
    /**
     * A program has opened the port, or has closed it. While the backend is not connected nothing has. What the guest
     * writes may come a little before the one, or after the other. Any thread; must not block.
     */
    void opened(boolean byGuest);
}
