package org.vm.shell.internal.command;

import java.io.PrintWriter;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Option;

/** A command of the shell: annotated fields are its arguments, the annotations its help. One instance a call. */
public abstract class ShellCommand {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    protected final Shell shell;
    protected final PrintWriter out;

    protected ShellCommand(Shell shell) {
        this.shell = shell;
        this.out = shell.screen().out();
    }

    protected abstract void run() throws Exception;

    protected void print(Table table) {
        table.print(out, shell.screen().columns());
    }
}
