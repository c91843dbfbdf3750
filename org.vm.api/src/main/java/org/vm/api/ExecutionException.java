package org.vm.api;

/** An engine or a vCPU cannot go on; the machine that it belongs to stops. */
public class ExecutionException extends VmException {
    public ExecutionException(String message) {
        super(message);
    }

    public ExecutionException(String message, Throwable cause) {
        super(message, cause);
    }
}
