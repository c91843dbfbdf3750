package org.vm.shell.internal.prompt;

import org.vm.api.VmException;
import org.vm.shell.internal.command.Invocation.CommandFailure;

/** What an exception says to the person who typed the line. */
final class Mistake {
    private Mistake() {}

    static String sentence(Exception e) {
        if (e instanceof CommandFailure || e instanceof VmException) {
            return e.getMessage();
        }
        if (e.getClass().getSimpleName().equals("CommandNotFoundException")) {
            return e.getMessage().replaceFirst("^Command not found: *", "there is no command '") + "'; help lists all";
        }
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
