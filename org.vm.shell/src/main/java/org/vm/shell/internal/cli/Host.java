package org.vm.shell.internal.cli;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Optional;
import org.jline.terminal.Terminal;
import org.vm.api.machine.MachineManager;
import org.vm.guest.GuestCatalog;
import org.vm.shell.internal.command.Consoles;

/** What the command line works with: the process's streams and the container's services. */
public interface Host {
    /** Standard input, raw bytes. */
    InputStream in();

    /** Standard output, raw bytes: what was asked for and nothing else. */
    OutputStream out();

    /** Standard error: progress, mistakes and, for {@code --exec}, the console. */
    PrintStream err();

    /** The terminal, if standard input and output are one. */
    Optional<Terminal> terminal();

    /** @throws org.vm.api.VmException if no bundle offers it */
    MachineManager machines();

    /** @throws org.vm.api.VmException if no bundle offers it */
    GuestCatalog guests();

    Consoles consoles();

    /** Whether the container is about to stop (a signal): what fails then need not be told. */
    boolean stopping();

    /** The {@code vm>} prompt on the terminal; {@code greeting} comes first. */
    void prompt(String greeting) throws Exception;

    /** Executes one line in the shell. */
    void execute(String line) throws Exception;
}
