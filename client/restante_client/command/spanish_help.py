"""The help of the command in Spanish, by its first line in English (see `texts.py`)."""

HELP: dict[str, str] = {
    "Take a message back. Prints for each link whether anybody got the text before.": """\
Retira un mensaje. Dice de cada enlace si alguien recibió el texto antes.

El código de salida es 0 si nadie lo recibió, y 3 si alguien lo recibió. Retirarlo otra vez da el
mismo resultado.
""",
    "Only the link of this recipient, or with this id. Repeat it.": "Solo el enlace de este destinatario o con este id. Se puede repetir.",
    "Destroy one file of a message; the text and the other files stay. Prints for each link what was sent": """\
Destruye un archivo de un mensaje; el texto y los demás archivos quedan. Dice de cada enlace qué se
había enviado del archivo.

FILE es su nombre o su número. El código de salida es 0 si no se había enviado nada a nadie, y 3 si se
había enviado algo. Quitarlo otra vez da el mismo resultado.
""",
    "Of this version of the text, if more than one has such a file.": "De esta versión del texto, si más de una tiene un archivo así.",
    "Visitors of the links see it.": "Lo ven quienes visitan los enlaces.",
    "Print the verdicts as JSON.": "Mostrar los veredictos como JSON.",
    "Give all links that nobody has opened another text. The text comes as with `restante send`.": """\
Da otro texto a todos los enlaces que nadie ha abierto. El texto se da como en `restante send`.

El texto nuevo tiene los archivos que nombra --file, y sin esa opción ninguno.

Si se pierde la respuesta, no se repite la petición: `restante status` muestra en la versión si se hizo.
""",
    "A file that goes with the new text. Repeat it.": "Archivo que acompaña al texto nuevo. Se puede repetir.",
    "Ask for the passphrase; a message that has one needs one.": "Pedir la contraseña; si el mensaje tiene una, hace falta.",
    "Take the passphrase from a file.": "Leer la contraseña de un archivo.",
    "Print version and outcomes as JSON.": "Mostrar versión y resultados como JSON.",
    "Move the expiry of a message to TIME from now, later or earlier: 3600, 15m, 12h, 7d, 2w.": "Cambia la caducidad de un mensaje a TIME desde ahora, más tarde o más temprano: 3600, 15m, 12h, 7d, 2w.",
    "Pause a message: no new reader can open it until you resume it.": "Pone un mensaje en pausa: nadie más puede abrirlo hasta que lo reanudes.",
    "Set what happens to links that nobody has opened, or show it.": """\
Fija qué pasa con los enlaces que nadie ha abierto, o lo muestra.

Sin opciones muestra las reglas del mensaje. Cada una se aplica una vez, a su hora, aunque este
equipo esté apagado.
""",
    "Recall each link that nobody has opened by then: TIME from now, or off.": "Retirar cada enlace que nadie haya abierto para entonces: TIME desde ahora, u off.",
    "Record by then that nobody has opened a link: TIME from now, or off.": "Registrar para entonces que nadie ha abierto un enlace: TIME desde ahora, u off.",
    "End a pause.": "Reanuda un mensaje en pausa.",
    "Delete a message with its links, texts and all its records. After this nothing can say whether it": """\
Elimina un mensaje con sus enlaces, textos y registros. Después nada puede decir si se leyó.

En un terminal la orden pregunta antes.
""",
    "Do not ask.": "No preguntar.",
    "Send, read and recall messages that wait behind a link.": """\
Envía, lee y retira mensajes que esperan detrás de un enlace.

Un mensaje espera cifrado en un servicio de Restante hasta que su destinatario abre el enlace,
caduca o lo retiras.

\b
  restante send                  escribe un texto y recibe un enlace
  restante send notas.txt -r Ana -r Luis --expires 2d
  pass show db | restante send --copy
  restante list                  lo que envió este equipo
  restante status last           qué pasó con el último
  restante recall last           retíralo; dice si alguien lo leyó
  restante read                  abre un mensaje: pega su enlace
  restante send nota.txt --file plano.pdf
  restante read --files DIR      abre un mensaje y guarda sus archivos

Ningún enlace, token, contraseña ni texto se da como argumento, porque en el equipo otros pueden ver
los argumentos. Vienen de una pregunta, un archivo o la entrada estándar.

El servicio se indica con --server, con RESTANTE_CLIENT_SERVER o, de una vez por todas, en la
configuración:

\b
  server = "https://letters.example"
  token_file = "~/.config/restante/token"    solo si el servicio pide uno
  language = "es"

\b
Códigos de salida:
   0  hecho; recall: nadie había leído el mensaje
   3  recall: alguien lo había abierto antes; take-out: se había enviado algo del archivo
  64  los argumentos no son correctos
  65  el servicio rechaza los datos, o la contraseña o el código falta o no es correcto
  66  el mensaje, o un archivo suyo, terminó o no existe
  69  no se puede llegar al servicio, o no puede hacerlo ahora
  73  un archivo de la orden no se puede leer o escribir
  75  demasiado pronto, en pausa, demasiadas peticiones, o pasó --timeout: prueba más tarde
  77  no puedes enviar desde aquí
  78  la configuración no es correcta
 130  interrumpido, o respondiste que no
""",
    "URL of the service, with its path if it is below one.": "URL del servicio, con su ruta si la tiene.",
    "File with your sender token, - for standard input. Or RESTANTE_CLIENT_TOKEN.": "Archivo con tu token para enviar, - para la entrada estándar. O RESTANTE_CLIENT_TOKEN.",
    "Certificates of your own authority, in PEM.": "Certificados de tu propia autoridad, en PEM.",
    "How long to ask again if no answer comes. Without it, 40 seconds.": "Cuánto tiempo seguir preguntando si no llega respuesta. Si falta, 40 segundos.",
    "Language of this command: en or es.": "Idioma de esta orden: en o es.",
    "Show the version.": "Mostrar la versión.",
    "List what this machine sent, the newest first.": """\
Muestra lo que envió este equipo, primero lo más reciente.

La lista es un archivo que solo tú puedes leer. Con el extra `keyring` (pip install
"restante-client[keyring]") se sella con una clave del llavero del sistema.
""",
    "Ask the service, and take out what it does not know any more.": "Preguntar al servicio y quitar lo que ya no conoce.",
    "Print it as JSON, without control tokens.": "Mostrarla como JSON, sin tokens de control.",
    "Print what a shell needs to complete this command.": """\
Muestra lo que una shell necesita para completar esta orden.

\b
  bash:  restante completion bash > ~/.local/share/bash-completion/completions/restante
  zsh:   restante completion zsh > ~/.zfunc/_restante
  fish:  restante completion fish > ~/.config/fish/completions/restante.fish
""",
    "Show what happened to a message: its links, and with --events its timeline.": "Muestra qué pasó con un mensaje: sus enlaces y, con --events, su historial.",
    "Show the timeline, too.": "Mostrar también el historial.",
    "Show the links, which open the message.": "Mostrar los enlaces, que abren el mensaje.",
    "Print it as JSON; without --links, without the links.": "Mostrarlo como JSON; sin --links, sin los enlaces.",
    "MESSAGE is an id from `restante list` or the beginning of one, `last` for the newest, or - for a": """\
MESSAGE es un id de `restante list` o su comienzo, `last` para el más reciente, o - para una URL de
control en la entrada estándar.
""",
    "Open a message and print its text. This spends one view of its link.": """\
Abre un mensaje y muestra su texto. Esto gasta una apertura de su enlace.

Pega el enlace cuando se te pida, o pásalo así: restante read < FILE. En un terminal la orden dice
primero lo que sabe y pregunta; con una tubería abre enseguida.

Si se pierde la respuesta, o la orden se interrumpe, ejecútala otra vez con el mismo enlace: dentro
del plazo del servicio (por lo general dos minutos) recibes la misma apertura y no gastas otra. La
clave para ello se guarda en un archivo antes de gastar la apertura.

A una tubería o un archivo el texto llega byte por byte; en un terminal se sustituyen los signos que
podrían manejarlo.

Con --files se guardan los archivos del mensaje, cada uno con su nombre, o con (2) detrás si ya hay un
archivo así. Mientras un archivo llega, su nombre termina en .part; una segunda orden sigue con él. Sin
--files el plazo sigue si hay archivos: repite la orden con --files.
""",
    "Save the message's files into this folder; it is made if it is not there.": "Guardar los archivos del mensaje en esta carpeta; se crea si no existe.",
    "Do not ask before a view is spent.": "No preguntar antes de gastar una apertura.",
    "Let the lease go on, so that you can read it again for a while.": "Mantener el plazo, para poder leerlo otra vez durante un rato.",
    "Write the text into a new file that only you can read.": "Escribir el texto en un archivo nuevo que solo tú puedes leer.",
    "Take the mailed code from a file.": "Leer el código del correo de un archivo.",
    "Print text, state, views left and files as JSON.": "Mostrar texto, estado, aperturas restantes y archivos como JSON.",
    "Send a text; print one link for each recipient.": """\
Envía un texto; muestra un enlace por destinatario.

El texto viene de FILE, o de la entrada estándar si hay una tubería o FILE es -, o de $VISUAL o
$EDITOR. Se envía tal cual, con su último salto de línea; el último de un editor se quita.

Da cada enlace a su destinatario. Lo que enviaste queda en `restante list`, para que puedas mirar y
retirar.

Si se pierde la respuesta, o la orden se interrumpe, ejecútala otra vez con el mismo texto y las
mismas opciones: durante un día no envía dos veces.

Con --file, quienes leen reciben también archivos. Se suben antes de enviar el mensaje; si se corta la
línea, la subida sigue donde estaba, y una orden que interrumpes borra lo que ya llegó. Si la orden se
cierra a la fuerza, la siguiente los sube de nuevo; entonces puede existir además el primer mensaje,
pero nadie tiene sus enlaces.
""",
    "A file that goes with the message. Repeat it.": "Archivo que acompaña al mensaje. Se puede repetir.",
    "Name of a recipient; one link each. Repeat it.": "Nombre de un destinatario; un enlace para cada uno. Se puede repetir.",
    "How long it waits: 3600, 15m, 12h, 7d, 2w. Without it, the service decides.": "Cuánto espera: 3600, 15m, 12h, 7d, 2w. Si falta, decide el servicio.",
    "How often each link opens. Without it, once.": "Cuántas veces se abre cada enlace. Si falta, una.",
    "Time to think again: the links open only after it.": "Tiempo para deshacer: los enlaces solo se abren después.",
    "Recall each link that nobody has opened after this time.": "Retirar cada enlace que nadie ha abierto pasado este tiempo.",
    "Record after this time that nobody has opened a link; --notify gets it, too.": "Registrar pasado este tiempo que nadie ha abierto un enlace; --notify también lo recibe.",
    "Your name, for the recipients. It is not verified.": "Tu nombre, para los destinatarios. No se verifica.",
    "What it is about. Not secret: everybody with the link sees it before opening.": "De qué trata. No es secreto: quien tiene el enlace lo ve antes de abrir.",
    "Ask for a passphrase that readers must type.": "Pedir una contraseña que los lectores deben escribir.",
    "Take the passphrase from a file, - for standard input.": "Leer la contraseña de un archivo, - para la entrada estándar.",
    "Mail each reader a code first. Recipients are mail addresses then.": "Enviar antes un código por correo a cada lector. Los destinatarios son entonces direcciones de correo.",
    "Everybody types a number before the message opens, not only suspicious visitors.": "Todos escriben un número antes de abrir el mensaje, no solo las visitas sospechosas.",
    "Webhook of your own system, which gets the events.": "Webhook de tu propio sistema, que recibe los eventos.",
    "Put the links on the clipboard, and do not print them.": "Copiar los enlaces al portapapeles y no mostrarlos.",
    "Print the whole answer as JSON, with the control token.": "Mostrar la respuesta entera como JSON, con el token de control.",
    "Do not keep it in the list of this machine; print the control URL instead.": "No guardarlo en la lista de este equipo; mostrar en su lugar la URL de control.",
    "Print what happens to a message, as it happens. Ends when nobody can open it any more.": """\
Muestra lo que pasa con un mensaje, según pasa. Termina cuando ya nadie puede abrirlo.

Con --timeout termina pasado ese tiempo en todo caso, con el código de salida 75 si habría seguido.
""",
    "End after this time.": "Terminar pasado este tiempo.",
    "Send a test event through every channel of a message: webhook, mail, browsers.": """\
Envía un evento de prueba por cada canal de un mensaje: webhook, correo, navegadores.

Sale como cualquier otro evento, y la orden espera a ver qué pasa con él. El código de salida es 0 si
llegó por todos, 69 si un canal falló y 75 si alguno aún espera: el titular de una dirección de correo
quizá tiene que aceptar antes.
""",
    "How long to wait for what becomes of it. Without it, 30 seconds.": "Cuánto esperar a ver qué pasa con él. Si falta, 30 segundos.",
    "Print the channels as JSON.": "Mostrar los canales como JSON.",
    "End when somebody opens it.": "Terminar cuando alguien lo abre.",
    "Begin behind this event; --json prints the ids.": "Empezar detrás de este evento; --json muestra los ids.",
    "Print each event as a line of JSON.": "Mostrar cada evento como una línea de JSON.",
}
