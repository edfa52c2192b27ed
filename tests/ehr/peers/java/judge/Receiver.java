import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.HL7Service;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.parser.UnexpectedSegmentBehaviourEnum;
import ca.uhn.hl7v2.protocol.ReceivingApplication;
import ca.uhn.hl7v2.protocol.ReceivingApplicationException;
import ca.uhn.hl7v2.util.StandardSocketFactory;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * HAPI's MLLP server: validates types and segments, keeps each message it takes, answers AA, AE or AR.
 *
 * <p>Arguments: the port, and a folder. Listens on 127.0.0.1 only.
 */
public final class Receiver implements ReceivingApplication<Message> {
    private final Path folder;
    private final AtomicInteger count = new AtomicInteger();

    private Receiver(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments[1]));
        HapiContext context = new DefaultHapiContext();
        context.setValidationContext(ValidationContextFactory.defaultValidation());
        context.getParserConfiguration()
                .setUnexpectedSegmentBehaviour(UnexpectedSegmentBehaviourEnum.THROW_HL7_EXCEPTION);
        context.setSocketFactory(new Loopback());
        HL7Service service = context.newServer(Integer.parseInt(arguments[0]), false);
        service.registerApplication(new Receiver(folder));
        service.startAndWait();
        Thread.currentThread().join();
    }

    @Override
    public boolean canProcess(Message message) {
        return true;
    }

    @Override
    public Message processMessage(Message message, Map<String, Object> about)
            throws ReceivingApplicationException, HL7Exception {
        try {
            String name = String.format("%06d.hl7", count.getAndIncrement());
            Files.writeString(folder.resolve(name), message.encode());
            return message.generateACK();
        } catch (IOException error) {
            throw new HL7Exception(error);
        }
    }

    /** HAPI binds to every interface unless its sockets know better. */
    private static final class Loopback extends StandardSocketFactory {
        @Override
        public ServerSocket createServerSocket() throws IOException {
            return new ServerSocket() {
                @Override
                public void bind(SocketAddress address) throws IOException {
                    int port = ((InetSocketAddress) address).getPort();
                    super.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                }
            };
        }
    }
}
