package org.vm.shell.internal.command;

import org.vm.api.ConfigurationException;
import org.vm.api.irq.InterruptController;
import org.vm.api.irq.InterruptLine;
import org.vm.api.machine.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** An interrupt by hand, for those who write drivers. */
@Command(name = "irq-inject", description = "Raises an interrupt for a moment, as a device would.",
        footer = {"Example: irq-inject linux 5           source 5 of the interrupt controller",
            "         irq-inject linux 9 --cpu 0   line 9 of vCPU 0"})
final class InjectCommand extends ShellCommand {
    private static final int LONGEST = 10_000;

    @Parameters(paramLabel = "MACHINE", index = "0", description = "Name of the machine.")
    private String machineName;

    @Parameters(paramLabel = "NUMBER", index = "1", description = "Interrupt source, or line of a vCPU.")
    private int number;

    @Option(names = "--cpu", paramLabel = "CPU", description = "A vCPU's own line, past the interrupt controller.")
    private Integer cpu;

    @Option(names = "--millis", paramLabel = "TIME", description = "How long it is raised, in milliseconds; 10 if not given.")
    private int millis = 10;

    InjectCommand(Shell shell) {
        super(shell);
    }

    @Override
    protected void run() throws InterruptedException {
        if (millis < 0 || millis > LONGEST) {
            throw new ConfigurationException("an interrupt can be raised for 0 to " + LONGEST + " ms, not for " + millis);
        }
        Machine machine = shell.machine(machineName);
        if (cpu != null) {
            raise(line(machine));
            out.println("line " + number + " of vCPU " + cpu + " was raised for " + millis + " ms");
            return;
        }
        InterruptController controller = machine.interrupts().orElseThrow(() -> new ConfigurationException(
                "machine '" + machine.name() + "' has no interrupt controller now"));
        if (number < 1 || number > controller.sources()) {
            throw new ConfigurationException("there is no interrupt source " + number + "; there are 1 to " + controller.sources());
        }
        InterruptController.Source before = controller.source(number);
        if (before.raised()) {
            // Lowering it afterwards would take the device's own interrupt away.
            throw new ConfigurationException("interrupt source " + number + " is raised by its device already");
        }
        raise(controller.line(number));
        InterruptController.Source after = controller.source(number);
        long served = after.count() - before.count();
        out.println("interrupt source " + number + " was raised for " + millis + " ms: "
                + (served > 0 ? "the guest took it" : after.enabled() ? "pending, the guest has not taken it yet"
                        : "the guest has not enabled it"));
    }

    private InterruptLine line(Machine machine) {
        try {
            return shell.cpu(machine, cpu).line(number);
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException(e.getMessage(), e);
        }
    }

    private void raise(InterruptLine line) throws InterruptedException {
        line.raise();
        try {
            Thread.sleep(millis);
        } finally {
            line.lower();
        }
    }
}
