//! Which words give a language away?
//!
//! Function words and words of the subject, folded (no accents), for languages people write to
//! British services in Latin letters, and common English ones. Data only.

/// Function words and words of the subject. None of the strong words is an English word, slang,
/// dialect or a common slip; weak ones are, and count only beside a strong one.
pub(super) struct Language {
    pub(super) code: &'static str,
    pub(super) strong: &'static str,
    pub(super) weak: &'static str,
    pub(super) letters: &'static str,
}

pub(super) const LANGUAGES: [Language; 23] = [
    Language {
        code: "pl",
        strong: "czy jest jestem moge chce chcialabym chcialbym prosze dziekuje dzien dobry jak kiedy \
            gdzie dlaczego moja moje moj mojej badanie badania badan piers piersi wynik wyniki \
            wynikow wizyta wizyte wizyty termin umowic przelozyc odwolac lekarz lekarza \
            przychodnia zaproszenie listu boli nie tak juz jeszcze tylko bardzo sie dla przy \
            przez ze zeby ile lat wieku mammografia mammografii mammografie cytologia cytologie \
            zrobic trzeba pani panstwo potrzebuje pomocy mowie polsku polski angielsku robic isc \
            boje guz guzek guzki krew krwawienie krwawie stolec stolcu kupie brodawka sutek sutka \
            pachy pacha bolu bole bolesne dlugo czekac czekam dostalam dostalem dostane przyjsc \
            przyjde przyszlo przyszedl moglabym moglbym zmienic odwolanie numer telefon adres \
            adresu zmiana przeprowadzilam przeprowadzilem corka syn mamy maz meza zona ciaza \
            ciazy dziecko tydzien tygodnie tygodni miesiac miesiace miesiecy rok lata dzisiaj \
            jutro wczoraj teraz potem wtedy albo oraz ktory ktora ktore jaki jaka jakie moze \
            mozna musze powinnam powinienem wiem rozumiem angielskiego tlumacz tlumacza czuje \
            widze slysze zyc zycia nikt nic ktos bylam bylem byla byl bede bedzie sobie mnie \
            ciebie panu panstwa chodzi zdrowia rak raka nowotwor jestesmy gdy kiedys skad tutaj",
        weak: "ale na w z o i co to po do od za bo ja mi",
        letters: "ąćęłńśźż",
    },
    Language {
        code: "cy",
        strong: "mae dwi rwyf rwyn wyf eisiau oes pryd sut ydy ydw ydych oedd gyda diolch prynhawn \
            plis gwelwch apwyntiad apwyntiadau sgrinio mamogram hoffwn gallaf alla allaf fedra \
            oed cael llythyr ond wedi bydd fydd canlyniadau canlyniad angen helo shwmae noswaith \
            gymraeg cymraeg siarad meddyg ysbyty merched fron bronnau fyddaf newid ddim nid ydyn \
            dych dychi pam ble fy nhw cwestiwn prawf yng nghymru amser ganlyniadau gymryd gymeryd \
            cyrraedd isio rwan nawr wedyn hefyd achos oherwydd rhaid dweud deud ffonio galw \
            gwybod gwbod mynd dod gweld chwilio teimlo poeni becso lwmp lympiau gwaed gwaedu poen \
            brifo dolur bronnaur fronnau mron coluddyn ceg groth llygad llygaid babi beichiog \
            mam-gu nain taid chwaer brawd gwraig gwr ngwraig ngwr merch mab plentyn heddiw fory \
            yfory ddoe wythnos wythnosau misoedd blwyddyn blynyddoedd mlwydd llawer iawn gormod \
            mawr bach newydd sgan brawf pelydr archwiliad uned gwasanaeth rhif ymholiad eto dyw \
            dydi ydi oeddwn roeddwn buodd baswn byddwn byddai fyddai allwch gallwch gallai \
            fedrwch medru methu ateb anfon derbyn llythr cyfeiriad symud tynnu rhestr eisoes \
            erioed byth gwneud neud wneud ddylwn dylwn dyna hynny hwn hon",
        weak: "bore faint beth fi chi ni yn y yr i a o ar am os da dw gen dim ga bron mi",
        letters: "ŵŷ",
    },
    Language {
        code: "ro",
        strong: "buna ziua vreau doresc cand unde este sunt pentru programare programarea mamografie \
            mamografia multumesc rog imi dumneavoastra trebuie rezultatele rezultatul scrisoare \
            doare medic medicul sanul sani varsta cati inca acum daca puteti spuneti schimb \
            anulez romana vorbesc engleza inteleg nevoie ajutor primit invitatie papanicolau fara \
            dupa inainte foarte bine salut mea meu esti suntem aveti avem aveam trebui sange \
            scaun scaune san sanului mamelon nodul umflatura durere dureri copil copilul sotia \
            sotul fiica gravida insarcinata saptamana saptamani luni trecut ieri azi \
            maine astazi acasa numar numarul telefon adresa mutat schimbat vorbeste vorbiti \
            intelegeti scrieti scrie ajuta ajutati trimis trimiteti primesc primeste astept \
            asteptat cate cine poate putea vrea vreti doresti facut faceti merge mearga venit \
            veni bolnav bolnava doctorul medicului spital clinica analiza analize proba kitul \
            testul gata deja mereu niciodata nimic nimeni cineva ceva fost fie fiu sau atunci \
            acest aceasta acesta asta deoarece pentruca despre vreo lui lor noastra nostru",
        weak: "nu va la si ce sa am o cu de in pe un eu fac pot cum ma mi ani",
        letters: "ășțţ",
    },
    Language {
        code: "ur",
        strong: "kya hai hain mujhe mera meri kab kahan kaise kyun kyu nahi nahin haan aur lekin mein \
            aap apka apki aapka aapki karna karni karne karwana karwani chahiye chahie hoga hogi \
            hota hoti raha rahi rahe gaya gayi bohat bahut boht abhi phir bhi liye kitni kitne \
            kitna umar shukriya meherbani salam assalam alaikum walaikum dard takleef aata aati \
            jana jaana milega milegi batao bataiye bata dein dijiye sakti sakta sakte hoon ammi \
            beti behen khat angrezi tarikh waqt wapas kaun kia kiya krna krni karun karu kru krun \
            krwana rha rhi rahay hote hua hui huye howa gya gaye gayee aya aayi ayi jao jaye \
            jaiye jata jati jaate deta deti dete dedo lena leni liya kaha kidhar idhar udhar kisi \
            kisko kiski kiska sab bohot zyada thora thoda acha theek thik zaroori zaruri masla \
            pareshan pareshani dar darr khoon gaanth ganth gilti chati chaati seene seena \
            chhati pistan bachay bachi bacha baccha bachcha bacche pait tatti pakhana peshab \
            ankh aankh nazar dhundla saans khansi bukhar ulti chakkar kamzori shohar pati biwi \
            beta walida walid abbu behan bhai dost marta zindagi jeena jina marna maut khud \
            khudkushi hafte hafta mahine mahina saal raat subha shaam aaj parso pehle baad dobara \
            phr tak wala wali wale unka unki unko unhe inka inki isko iski iska uska uski usko \
            hamari hamara hamare tumhara tumhari apna apni apne chahta chahti chahiyay chahye \
            pata maloom bolna bolti bolta bolte samajh samaj nhi nai bilkul zaroor agar magar \
            kyunke isliye kyon",
        weak: "mere tha hindi ka ki ke ko se ho to me ne par wo ye yeh ji na koi kuch",
        letters: "",
    },
    Language {
        code: "pa",
        strong: "tusi tuhada tuhadi mainu tainu sanu kiven kithe kadon kado kinna kinni kinne hunda \
            hundi hondi chahida chahidi akal sasriakal assi karda kardi karwaun dasso dass vich \
            naal layi bebe biba puttar punjabi tuhanu tuhade tuhadiyan sadi sada sade saanu \
            mainnu mennu meinu menoo kihda kiha kiddan kidda kithon kinu kihnu hega hegi haiga \
            haigi hagi haigiya sige giya gayi gaye aunda aundi aunde jana jandi janda jaana karna \
            karni karan hoya hoyi hoye penda paindi paina laina laini lena dena deni dita ditta \
            labbi labhi milya milia milda mildi aaya aayi ayea chaida chahidiyan bhenji bhen \
            bhaji veerji maa peo dhee dhi gharwala gharwali khoon peed dukhda dukhdi ganth gandh \
            chati chhati akh akhan tid dhidd hune parson ajj roz hafte mahine saal pehlan baad \
            vee nal utte thalle andar bahar nahi nai nahin koi kuch kujh bahut bohat thoda sab \
            changa theek",
        weak: "menu honda sat da di de nu ne te ki ji hai aa",
        letters: "",
    },
    Language {
        code: "bn",
        strong: "ami amar apni apnar apnader kothay kivabe keno koto boyosh lagbe korte korbo korbe \
            hobe ache nei parbo pari parbe jabo jete dhonnobad bhalo kemon bolun bolte bangla \
            ingreji sylheti achhe thik dorkar shomoy tarikh betha byatha stoner amake amader amra \
            tomar tomake apnake tader ekhon ekhono kokhon kon kothai kemne kintu ebong othoba \
            jodi tahole ekta ekti duita onek khub beshi kichu keu shob sob mone hoy hoi hoise \
            hoyeche hoyse hoiche korsi korchi korsen koren korben korlam korar korano gese gelam \
            gechi jaite jaoa ashbo aste asbo dibo dite diben pai paini paisi peyechi lagtese lage \
            parina bujhi bujhina jani janina bolen chaina chinta bhoy rokto rokt chaka buk bukey \
            buke dudh payekhana mutra chokh bacca bachcha baccha bou shami sami jamai meye chele \
            abba bhai daktar hashpatal shoptaho shoptah mash bochor aaj agamikal gotokal \
            amagore fotto fore afne afnar affne amir kita kitar oibo oise fari farmu zaite zabo \
            koibo koita",
        weak: "kobe ki na o r e ki te",
        letters: "",
    },
    Language {
        code: "es",
        strong: "cuando donde puedo quiero necesito tengo cita pruebas resultados mamografia edad \
            cuanto cuantos duele buenos buenas dias tardes por esta estoy pero porque tambien muy \
            mucho hacer cambiar cancelar carta medico pecho senos hablo espanol ingles hija madre \
            ayudar usted ustedes tiene tienen recibido recibir anos quitarse ropa toda todo todos \
            arriba abajo desde ayer hoy manana semana semanas mes meses ano veo manchas negras \
            ojo ojos diabetica diabetico foto sangre heces bulto bultos pezon pechos teta tetas \
            axila dolor doler embarazada bebe nino hijo esposo esposa marido mujer hermana \
            hermano abuela llamar llamo telefono direccion mude mudado cartas recibi llego \
            llegado llegar esperar esperando saber saberlo decir dice pueden puede podria debo \
            debe haber habia hace hacen haciendo nunca siempre ahora antes despues entonces \
            aunque quien cual cuales adonde aqui alli esto eso esa ese estos estas estan estamos \
            soy eres somos fui fue era eran seria tenia tuve tuvo tomar tomo tomando voy vamos \
            vivir morir miedo preocupada preocupado ayuda traductor interprete cambio cambiarla \
            nada nadie algo alguien mas menos",
        weak: "favor para hola gracias el la los las de que es en un una con no mi me se si y a",
        letters: "ñ¿¡",
    },
    Language {
        code: "fr",
        strong: "fait mal quoi bonjour bonsoir quand puis dois suis vous nous rendez rendezvous \
            resultats resultat mammographie depistage combien temps est-ce quel quelle quelles \
            faut avoir pourquoi avec sans mais aussi tres beaucoup lettre recu besoin annuler \
            medecin sein seins francais anglais parle fille votre notre cest jai ans voudrais \
            peux pouvez oui veux veut voulez recevoir courriers courrier lettres jamais encore \
            deja aujourdhui demain hier semaine semaines mois annee annees jour jours selles \
            boule bosse grosseur mamelon douleur douleurs oeil yeux vue bebe enceinte fils femme \
            soeur frere grossesse saigne saignements saignement peur inquiete mourir vivre vie \
            aide aidez appeler adresse demenage changer changement rdv attends attendre recois \
            recue fais faire allez aller venir viens etre etes sommes sont etait avais avait avez \
            peut peuvent pouvoir doit devrais devoir sais savoir comprends comprendre parlez \
            traduire interprete toujours depuis pendant avant apres chez dans sous entre cette \
            cet ces leur leurs nos vos rien personne quelque quelquun tous toute toutes trop peu \
            moins aucun aucune ete",
        weak: "ca ce mon mere merci le la les de des du et est un une pour ma ne pas en on je il \
            elle que qui",
        letters: "œ",
    },
    Language {
        code: "pt",
        strong: "ola obrigada obrigado posso quero preciso tenho consulta exame exames idade doi boa \
            voce voces nao fazer marcar mudar peito seios falo portugues minha filha tambem \
            recebi tive estou esta estao sou fui foi era ainda agora depois antes quando onde \
            como porque quanto quantos qual quem isto isso aquilo meu meus minhas seu sua nosso \
            nossa sangue fezes caroco nodulo mamas mamilo axila dor dores olho olhos vista bebe \
            gravida filho marido esposa irma irmao mulher semana semanas mes meses ano anos dia \
            hoje amanha ontem carta recebido chegou esperar espero ajuda ajudar telefone morada \
            endereco mudei mudanca cancelar alterar entender entendo ingles falar ter ser vou vai \
            vamos pode podem precisa devo deve sei saber muito muita pouco nada ninguem algo \
            alguem sempre nunca todos tudo medo viver morrer resultado resultados",
        weak: "sim mae o os as de que e em um uma com para por se eu a",
        letters: "ãõ",
    },
    Language {
        code: "it",
        strong: "buongiorno buonasera grazie voglio vorrei devo appuntamento esame risultati risultato \
            eta anni perche sono della delle degli anche molto spostare annullare lettera seno \
            parlo italiano inglese figlia bisogno ricevuto sangue feci nodulo seni capezzolo \
            ascella dolore dolori occhio occhi vista bambino bambina incinta figlio marito moglie \
            sorella fratello settimana settimane mese mesi giorno giorni oggi domani ieri quando \
            quanto quanti quale chi cosa siamo siete abbiamo avete hanno posso puoi deve andare \
            venire sapere aspetto aspettare arrivata aiuto aiutare telefono indirizzo cambiare \
            cambiato paura morire vivere ancora adesso dopo prima sempre mai niente nessuno \
            qualcosa tutto tutti",
        weak: "dove ciao il la lo gli di che e un una con per non mi si a ma in",
        letters: "",
    },
    Language {
        code: "de",
        strong: "guten danke bitte wann ich habe nicht kann muss mein meine meinen termin ergebnis \
            ergebnisse mammographie untersuchung tut weh warum aber auch sehr machen absagen \
            verschieben arzt brust spreche deutsch englisch tochter mutter brauche ist und mit \
            ohne schmerzen knoten blut stuhl brustwarze achsel schmerz auge augen schwanger sohn \
            mann frau schwester bruder woche wochen monat monate jahr jahre tage heute morgen \
            gestern wie welche wenn weil dass hatte hatten hast habt sind bist seid war waren \
            werde wird wurde konnen konnte soll sollte sollen mussen darf durfen weiss wissen \
            verstehe verstehen bekommen warten warte hilfe helfen telefon adresse umgezogen \
            andern sterben leben noch schon jetzt danach vorher immer nie nichts niemand etwas \
            jemand alles keine keinen kein",
        weak: "brief fur der die das ein eine es sie wir zu von im am an so in",
        letters: "ß",
    },
    Language {
        code: "tr",
        strong: "merhaba tesekkurler tesekkur ederim zaman nerede nasil neden istiyorum randevu \
            randevum sonuc sonuclar sonuclari mamografi kac yasinda icin degil evet hayir cok \
            lutfen mektup konusuyorum turkce ingilizce annem kizim yapmak almak iptal degistirmek \
            yok gerekiyor acir aciyor saat kacta acaba mektubu mektubum kaybettim gogsumde gogsum \
            goguste meme memede memem kitle sisl kan kanama diski diskida gebeyim hamile bebek \
            bebegim esim kocam karim oglum kardesim babam hafta haftadir aydir yil gun bugun \
            yarin dun simdi sonra hala henuz hic cunku ama veya ile gibi kadar nedir nicin hangi \
            nereye nereden nerde varmi olur olmaz oldu olacak olmasi olan geldi gelmedi gelecek \
            gitmek gidecek yaptirmak yaptirdim alabilir verir misiniz musunuz miyim muyum lazim \
            istemiyorum isterim biliyorum bilmiyorum anlamiyorum konusamiyorum yardim edin \
            edebilir korkuyorum olmek yasamak agri agriyor agrisi goremiyorum gormuyor goz gozum \
            adres degisti tasindim telefon numara ucretsiz",
        weak: "bir bu ve mi ne da de ben",
        letters: "ğış",
    },
    Language {
        code: "so",
        strong: "waan waxaan waxa maxaa goorma xagee sidee mahadsanid fadlan ballan ballanta baaritaan \
            natiijada naaska naasaha kansarka kansar dhakhtar warqad hooyo hooyaday magacaygu \
            soomaali ingiriisi haa ayaan ayaa iyo laakiin waa caawimaad rabaa salaan raajadu \
            raajo xanuun xanuunka badan tahay tahey waxay wuxuu waxuu igu cusub cusubtahay naas \
            naaso naasahayga naaskayga buro kuus dhiig dhiiga saxaro saxarada indho isha ilmo \
            ilmaha cunug cunugga uur uurka xaamilo ninkayga xaaskayga gabadhayda wiilkayga \
            walaashay aabahay toddobaad todobaad bil bilood sanno sanad maalin maanta berri \
            shalay hadda kadib kahor mar maya sideen halkee kuma maxay immisa meeqa leeyahay \
            leedahay ahay ahaa yahay jiraa jirta jiro doonayaa doonaya rabo karaa karo garanayo \
            fahmin fahmo akhrin hadlo caawi caawiya cabsi cabsanayaa nolosha dhinto wadnaha \
            neefta qufac cinwaanka telefoonka guuray beddel badal laakin haddii markii inaan inay \
            waxba cidna isbitaal takhtar dhakhtarka baaritaanka",
        weak: "ma ku ka iga u la",
        letters: "",
    },
    Language {
        code: "lt",
        strong: "labas aciu prasau kada kur kaip kodel noriu galiu reikia mano vizitas vizita tyrimas \
            rezultatai mamografija krutis krutu krutys metai metu gydytojas laiskas kalbu \
            lietuviskai angliskai yra nera labai taip kraujas guzas krutyje akis akys vaikas \
            nescia savaite menuo metus siandien rytoj vakar dabar paskui noreciau negaliu turiu \
            esu buvo daug nieko padekite gavau gavo laisko atvykti pakeisti adresas",
        weak: "bet ir ar as i su per uz ne ta",
        letters: "ėųūįž",
    },
    Language {
        code: "cs",
        strong: "dekuji prosim kdy proc chci mohu muzu vysledky prs prsu vek lekar dopis mluvim cesky \
            slovensky anglicky dcera matka potrebuji nebo ano dakujem kedy preco chcem potrebujem \
            krev stolice hrudnik bulka boule prsa bradavka oko oci dite tehotna tyden mesic rok \
            dnes zitra vcera ted potom chtela chtel bych nemohu nemuzu jsem jste byla byl bude \
            hodne moc nic pomoc dostala dostal prijit zmenit adresa kolik kde jak",
        weak: "a na je se to si v z o co ja ne",
        letters: "ěřů",
    },
    Language {
        code: "hu",
        strong: "szia koszonom kerem mikor hol hogyan miert szeretnek tudok kell idopont idopontot \
            vizsgalat eredmeny eredmenyek emlo mell mellem evesen orvos beszelek magyarul angolul \
            lanyom anyam igen vagyok nincs hogy csak nagyon csomo csomot vert szeklet szem szemem \
            terhes het hete honap napja holnap tegnap utana elott kaptam kapni jonni valtoztatni \
            cim segitseg fajdalom faj fel mennyi milyen melyik mit mert kerdes kerdezni lehet \
            kellene szeretnem",
        weak: "a az es egy van nem is de ha meg",
        letters: "őű",
    },
    Language {
        code: "sq",
        strong: "pershendetje tung faleminderit lutem dua takim takimin rezultatet gjiri gjirit gji \
            mosha vjec mjeku leter flas shqip anglisht vajza nena ime duhet eshte nuk shume dhe \
            gunge gjak gjaku syri femije shtatzene jave muaj vit sot neser dje tani pastaj kam \
            kemi isha ishte mund mundem ndihme cila cili pse",
        weak: "jam te ne per nje me se po kur",
        letters: "ë",
    },
    Language {
        code: "gu",
        strong: "tamari tamaro tamare ame amari amaro kevi kevu kevo kem kyare kyarey ketla ketli \
            ketlu ketlo shu chhe chho nathi hatu hati hato hase hoy joie joiye joiae karvu karva \
            karvanu karavvu karavva kari kare karo thai thay thayu gayu gayo gayi aavvu avvu aavu \
            aave avyo avyu aavi javu java jai jaye malyo malyu malshe levu leva apo aapo aapjo \
            chalse chale paherva pehravu kapda thi bhai mummy pappa dikri dikro chhokri pati \
            gaanth gath lohi dukhe dukhavo dukhavu chhati chati stan aankh zado peshab balak \
            divas athvadiyu mahina varas aaje kale pachi pahela haji bahu ghanu thodu badhu kai \
            koi khabar samaj bolta avade",
        weak: "ke kya su na ni ma pan to ne ane che nu",
        letters: "",
    },
    Language {
        code: "ta",
        strong: "enakku ennaku ungal ungaluku neengal neenga eppo eppadi enga enna yen evvalavu irukku \
            iruku iruka irukka illai illa venum vendum varanum poganum pannanum seiya mudiyuma \
            mudiyathu kudunga sollunga marbu maarbu vali ratham kuzhandhai appa kaditham",
        weak: "eppa en",
        letters: "",
    },
    Language {
        code: "ar",
        strong: "enta enti bidi badi biddi ayez 3ayez 3ayza 3ndi 3andi 3indi aandi wain wein fein feen \
            emta imta meta shu shoo eish leish leh ezay keef kif kayf shlon mish mesh mush mafi \
            mafeesh feeh hada hadi haza mawid maw3id mo3ed ma3ad natija nateeja nata2ej sadri \
            sidri wija3 waja3 byewja3ni bte2lamni ta3bana ta3ban kteer kتير ktir awi jiddan \
            shukran fadlak samaht inshallah alhamdulillah marhaba ahlan bint ibni jozi zoji \
            dam damm batni 3eni 3ein 3yoon 2adra atnaffas taani kaman ba3d 2abl alyom bukra bokra \
            embareh doctora mustashfa",
        weak: "ana fi min salam mama baba",
        letters: "",
    },
    Language {
        code: "tl",
        strong: "ako ikaw kayo kami tayo sila niya nila namin natin akin inyo kailan saan bakit paano \
            magkano ilan ano sino alin hindi wala meron mayroon gusto kailangan pwede puwede \
            maaari dapat salamat opo nga lang naman kasi dahil kung kapag habang ngayon bukas \
            kahapon linggo buwan taon araw dibdib suso bukol dugo dumi mata sakit masakit anak \
            asawa nanay tatay buntis sanggol sulat",
        weak: "ang ng mga sa na ba may din rin oo po",
        letters: "",
    },
    Language {
        code: "nl",
        strong: "heb hebt heeft niet geen wanneer waar waarom hoeveel mijn jouw afspraak uitslag \
            uitslagen borst borsten knobbel knobbeltje bloed ontlasting poep tepel oksel pijn \
            dochter zoon moeder vader zwanger weken maanden jaar vandaag morgen gisteren gekregen \
            wachten helpen adres verhuisd veranderen kunnen moeten mogen weten begrijp spreek \
            nederlands engels dank bedankt alstublieft",
        weak: "de het een is en van op om me je we ze dit dat ik uw",
        letters: "",
    },
    Language {
        code: "bg",
        strong: "zdraveite zdravei iskam nyamam koga kade kakvo zashto kolko mozhe tryabva blagodarya \
            molya grud gurda buchka krav lekar rezultat rezultati pregled",
        weak: "da ne na za sam si",
        letters: "",
    },
];

/// Common words of English messages to a screening service, with chat spellings and dialect.
pub(super) const ENGLISH: &str = "a about after again age aged all already also am an and another any anyone anything \
    appointment appt are arent as ask at aye b4 back bad be because been before being between big book \
    booked boob boobs both bowel bra breast breasts bring but by bye call called can cancel cancer cant \
    change check cheers clinic come coming cos could day days did didnt do doctor does doesnt doing done \
    dont down duck due each early easy english every eye feel few find first for found friend from get \
    getting give go going gone good got gp had happen happens has have havent having he hello help her here \
    hes hi him his hiya home hospital hour how hows hurt hurts i id if ill im in into invite is isnt it its \
    ive job just kit know lady last late left less let letter like list little long look lot love lump lungs \
    lung make mam mammo mammogram man many me mean men mi might minutes missed month months more morning most \
    mum must my need needs never new next nhs nipple no nobody normal not nothing now nowt number nurse of \
    off ok okay old on once one only open or other our out over owt own pain painful parking people phone pls \
    please poo put question quick rather read really result results right ring said same say scan screening \
    see send sent she should show since sis sister site sore some someone something soon sorry start still \
    stop such summat sure ta take taken tell test than thank thanks that thats the their them then there \
    theres these they thing think this those three time times to today told tomorrow too took town two u \
    under until up ur us use van very wait waiting walk want wanted was way we wear week weeks well went were \
    what whats when where which while who why will with without woman women wont work worried worry would \
    wrong x xray year years yes yesterday yet you young your youre yr yrs smear breastfeeding baby \
    bairn wee dinnae didnae cannae och nae ken hun pet hen mate aunt uncle dad daughter son wife husband";
