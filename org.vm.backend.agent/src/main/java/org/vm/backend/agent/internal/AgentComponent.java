package org.vm.backend.agent.internal;

import java.util.Hashtable;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.backend.ConsoleBackend;
import org.vm.api.hotplug.GuestAgent;

/** A machine's {@link GuestAgent}, and the port by which it is reached. */
@Component(configurationPid = "org.vm.backend.agent", configurationPolicy = ConfigurationPolicy.REQUIRE, immediate = true,
        service = {})
@Designate(ocd = AgentComponent.Config.class, factory = true)
public final class AgentComponent {
    @ObjectClassDefinition(name = "Guest agent", description = "Asks a program in the guest (qemu-guest-agent) to look for "
            + "new devices and to let devices go.")
    @interface Config {
        @AttributeDefinition(name = "Machine", description = "Name of the machine whose guest is asked.")
        String vm();

        @AttributeDefinition(name = "Port", description = "Name of the serial port in the guest.")
        String port() default "org.qemu.guest_agent.0";
    }

    private final QemuGuestAgent agent;
    private final ServiceRegistration<ConsoleBackend> port;
    private final ServiceRegistration<GuestAgent> service;

    @Activate
    public AgentComponent(BundleContext bundle, Config config, Map<String, Object> properties) {
        AgentPort end = new AgentPort(config.port());
        agent = new QemuGuestAgent(config.vm(), end);
        service = bundle.registerService(GuestAgent.class, agent, new Hashtable<>(Map.of("vm", config.vm())));
        port = bundle.registerService(ConsoleBackend.class, end, new Hashtable<>(properties));
    }

    @Deactivate
    void close() {
        port.unregister();
        service.unregister();
        agent.close();
    }
}
