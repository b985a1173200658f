import './styles/chat.css';
