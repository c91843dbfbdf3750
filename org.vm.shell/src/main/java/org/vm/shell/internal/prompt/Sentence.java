package org.vm.shell.internal.prompt;

import org.vm.api.VmException;
import org.vm.shell.internal.command.Invocation.CommandFailure;

/** What an exception says to the person who typed the line. */
public final class Sentence {
    private Sentence() {}

    public static String of(Exception e) {
        if (e instanceof CommandFailure || e instanceof VmException) {
            return e.getMessage();
        }
        if (e.getClass().getSimpleName().equals("CommandNotFoundException")) {
            return e.getMessage().replaceFirst("^Command not found: *", "there is no command '") + "'; help lists all";
        }
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
