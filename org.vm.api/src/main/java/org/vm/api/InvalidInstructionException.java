package org.vm.api;

/** Bits or text that are no instruction of the instruction set, or an instruction definition that is not well formed. */
public class InvalidInstructionException extends VmException {
    public InvalidInstructionException(String message) {
        super(message);
    }

    public InvalidInstructionException(String message, Throwable cause) {
        super(message, cause);
    }
}
