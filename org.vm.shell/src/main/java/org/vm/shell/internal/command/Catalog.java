package org.vm.shell.internal.command;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** All commands of the shell by name, in the order that help shows them. */
public final class Catalog {
    private static final Map<String, Function<Shell, ShellCommand>> COMMANDS = commands();

    private Catalog() {}

    private static Map<String, Function<Shell, ShellCommand>> commands() {
        Map<String, Function<Shell, ShellCommand>> commands = new LinkedHashMap<>();
        commands.put("list", MachineCommands.ListMachines::new);
        commands.put("create", CreateCommand::new);
        commands.put("delete", MachineCommands.Delete::new);
        commands.put("start", MachineCommands.Start::new);
        commands.put("stop", MachineCommands.Stop::new);
        commands.put("pause", MachineCommands.Pause::new);
        commands.put("resume", MachineCommands.Resume::new);
        commands.put("reset", MachineCommands.Reset::new);
        commands.put("mode", MachineCommands.Mode::new);
        commands.put("console", ConsoleCommand::new);
        commands.put("devices", DeviceCommands.Devices::new);
        commands.put("device", DeviceCommands.Info::new);
        commands.put("device-add", DeviceCommands.Add::new);
        commands.put("device-set", DeviceCommands.Set::new);
        commands.put("device-remove", DeviceCommands.Remove::new);
        commands.put("storage-move", StorageCommand::new);
        commands.put("slots", HotplugCommands.Slots::new);
        commands.put("plug", HotplugCommands.Plug::new);
        commands.put("unplug", HotplugCommands.Unplug::new);
        commands.put("map", MapCommands.AddressMap::new);
        commands.put("irq", MapCommands.Interrupts::new);
        commands.put("irq-inject", InjectCommand::new);
        commands.put("regs", CpuCommands.Registers::new);
        commands.put("mem", CpuCommands.Memory::new);
        commands.put("disasm", CpuCommands.Disassemble::new);
        commands.put("tlb", CpuCommands.Tlb::new);
        commands.put("stats", StatsCommand::new);
        commands.put("jit", JitCommand::new);
        commands.put("update", ReplacementCommands.Update::new);
        commands.put("replacements", ReplacementCommands.History::new);
        commands.put("why", WhyCommand::new);
        commands.put("help", HelpCommand::new);
        return Collections.unmodifiableMap(commands);
    }

    public static Set<String> names() {
        return COMMANDS.keySet();
    }

    public static ShellCommand command(String name, Shell shell) {
        return COMMANDS.get(name).apply(shell);
    }
}
